import { openHiding } from './denied/denied.ts'
import { openHome } from './home.ts'
import { openLedger, verifyInPool } from './ledger/ledger.ts'
import { openRemovals } from './removals/removals.ts'
import { type Search, startSearch } from './search/search.ts'

/** Search a data directory whose daemon is not running. @throws ShoalError as `openHome`, `openLedger` */
export async function withSearch<T>(
  dataDir: string,
  threads: number,
  use: (search: Search) => Promise<T>,
): Promise<T> {
  await using opened = new AsyncDisposableStack()
  const home = await openHome(dataDir)
  opened.defer(() => home.close())
  const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock: Date.now })
  opened.defer(() => ledger.close())
  const removals = await openRemovals({ ...home, ledger, clock: Date.now })
  opened.defer(() => removals.close())
  const search = startSearch({ home, ledger, hiding: openHiding(removals, []) }, { dataDir, threads })
  opened.defer(() => search.close())
  return await use(search)
}
