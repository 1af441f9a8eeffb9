import type { CID } from 'multiformats/cid'
import type { ShoalError } from '../../protocol/errors.ts'
import type { ShardState } from '../../protocol/rules/quorum.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** `local`: of a campaign that this node takes no part in, such as a crawl of its own, so that nobody audits it here */
export type ShownState = ShardState | 'local'

/** Where a shard stands by its campaign's own policy. */
export async function findState(ledger: Ledger, campaign: CID, record: CID): Promise<ShownState> {
  try {
    return (await ledger.judgements(campaign)).shard(record)?.state ?? 'unaudited'
  } catch (error) {
    if ((error as ShoalError).code === 'campaign_unknown') return 'local'
    throw error
  }
}
