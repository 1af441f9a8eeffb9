import type { CID } from 'multiformats/cid'
import { cidOf, encode } from './codec.ts'

/**
 * Where the claimants of a segment are found in the DHT: each is a provider of this key for as long as it holds the
 * segment. It is the CID of the DAG-CBOR block `{ campaign, segment }`; the block itself is nowhere stored.
 */
export function segmentKey(campaign: CID, segment: number): CID {
  return cidOf(encode({ campaign, segment }))
}
