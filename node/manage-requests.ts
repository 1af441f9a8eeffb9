import { openHome } from './home.ts'
import { openRecords } from './open-records.ts'
import { openRequests, type Requests, startProver } from './requests/requests.ts'
import { startSearch } from './search/search.ts'

/** What the owner of a node does with requests for removal, through its daemon where one runs. */
const ACTS = ['ask', 'prove', 'status', 'receipt', 'list', 'reviews', 'decide'] as const

export type RequestAct = (typeof ACTS)[number]

/** @param call - the name of what is to be done, and what it takes */
export async function answerRequests(
  requests: Requests,
  [act, ...args]: [RequestAct, ...unknown[]],
): Promise<unknown> {
  const known = ACTS.find((one) => one === act)!
  const perform = requests[known] as (...args: unknown[]) => Promise<unknown>
  return perform(...args)
}

/** The requests of a data directory whose daemon is not running. @throws ShoalError as `openHome`, `openLedger` */
export async function withRequests<T>(dataDir: string, use: (requests: Requests) => Promise<T>): Promise<T> {
  await using opened = new AsyncDisposableStack()
  const home = await openHome(dataDir)
  opened.defer(() => home.close())
  const records = await openRecords(home, Date.now)
  opened.defer(() => records.close())
  const search = startSearch({ home, ...records }, { dataDir, threads: 1 })
  opened.defer(() => search.close())
  const prover = startProver({ contact: `peer ${home.signer.peerId}` })
  opened.defer(() => prover.close())
  const { removals } = records
  const requests = await openRequests({ ...home, removals, prover, meant: search.meant, clock: Date.now })
  opened.defer(() => requests.close())
  return await use(requests)
}
