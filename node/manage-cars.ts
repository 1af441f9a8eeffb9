import { type ExportedCar, exportCar, type ImportedCar, importCar } from './car/car.ts'

import { type Home, openHome } from './home.ts'
import { openDenied } from './open-records.ts'
import { parseRoot } from './parse-cid.ts'
import type { Blocks } from './store/store.ts'

export type { ImportedCar }

/** CAR files of what is kept in a data directory. */
export interface Cars {
  /** @param out - absolute path of the file. @throws ShoalError `cid_invalid`, `block_denied`; as `exportCar` */
  exportCar(cid: string, out: string): Promise<ExportedCar>
  /** @param file - its absolute path. @throws as `importCar` */
  importCar(file: string): Promise<ImportedCar>
}

/** @param guarded - the blocks as they may be given to others, see `Denied.guard` */
export function manageCars(home: Home, guarded: () => Promise<Blocks>): Cars {
  return {
    exportCar: async (cid, out) => exportCar({ ...home, blocks: await guarded() }, parseRoot(cid), out),
    importCar: (file) => importCar(home, file),
  }
}

/** The blocks of a data directory whose daemon is not running. @throws ShoalError as `openHome` */
export async function withCars<T>(dataDir: string, use: (cars: Cars) => Promise<T>): Promise<T> {
  await using opened = new AsyncDisposableStack()
  const home = await openHome(dataDir)
  opened.defer(() => home.close())
  return await use(
    manageCars(home, async () => {
      const denied = await openDenied(home, opened)
      return denied.guard(home.blocks)
    }),
  )
}
