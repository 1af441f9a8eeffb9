import type { CID } from 'multiformats/cid'
import type { Ledger } from '../../../node/ledger/ledger.ts'

/** What is to be the same where the records are: in no order what has none. */
export async function viewOf(ledger: Ledger, campaign: CID): Promise<string> {
  const judgements = await ledger.judgements(campaign)
  const text = (_: string, value: unknown) => (value instanceof Uint8Array ? `${value}` : value)
  const sorted = (some: Iterable<unknown>) => Array.from(some, (one) => JSON.stringify(one, text)).sort()
  const shards = Array.from(judgements.shards(), (shard) => ({
    ...shard,
    accused: sorted(shard.accused.map(({ forged, match, ...row }) => [row, sorted(forged), sorted(match)])),
  }))
  const standings = judgements
    .standings()
    .map(({ offences, ...standing }) => ({ ...standing, offences: sorted(offences) }))
  return JSON.stringify([ledger.digest(), ledger.holdings(campaign), sorted(shards), sorted(standings)], text)
}
