import { openHome } from './home.ts'
import { openLedger, verifyInPool } from './ledger/ledger.ts'
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
  const search = startSearch({ home, ledger }, { dataDir, threads, clock: Date.now })
  opened.defer(() => search.close())
  return await use(search)
}
