import { type ExportedCar, exportCar, type ImportedCar, importCar } from './car/car.ts'

import { type Home, openHome } from './home.ts'
import { parseRoot } from './parse-cid.ts'

export type { ImportedCar }

/** CAR files of what is kept in a data directory. */
export interface Cars {
  /** @param out - absolute path of the file. @throws ShoalError `cid_invalid`; as `exportCar` */
  exportCar(cid: string, out: string): Promise<ExportedCar>
  /** @param file - its absolute path. @throws as `importCar` */
  importCar(file: string): Promise<ImportedCar>
}

export function manageCars(home: Home): Cars {
  return {
    exportCar: async (cid, out) => exportCar(home, parseRoot(cid), out),
    importCar: (file) => importCar(home, file),
  }
}

/** The blocks of a data directory whose daemon is not running. @throws ShoalError as `openHome` */
export async function withCars<T>(dataDir: string, use: (cars: Cars) => Promise<T>): Promise<T> {
  const home = await openHome(dataDir)
  try {
    return await use(manageCars(home))
  } finally {
    await home.close()
  }
}
