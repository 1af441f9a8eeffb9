import { openHome } from './home.ts'
import { openRecords } from './open-records.ts'
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
  const records = await openRecords(home, Date.now)
  opened.defer(() => records.close())
  const search = startSearch({ home, ...records }, { dataDir, threads })
  opened.defer(() => search.close())
  return await use(search)
}
