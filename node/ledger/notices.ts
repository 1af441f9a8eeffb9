import type { CID } from 'multiformats/cid'
import type { RecordSet } from './record-set.ts'
import { REMOVAL } from './rows.ts'

/** Digests of a campaign's removals and heads: what a node keeps of one that it takes no part in. */
export function noticesOf(set: RecordSet, campaign: number): Uint8Array[] {
  return [...set.ofKind(REMOVAL, campaign), ...set.ofHeads(campaign)].map(
    (row) => new Uint8Array(set.rows.digest(row)),
  )
}

export function noticeKey(campaign: CID, id: CID): Uint8Array {
  return Buffer.concat([campaign.bytes, id.bytes])
}
