import type { CID } from 'multiformats/cid'
import type { Opened } from '../envelope.ts'
import { type Backoff, decodeBackoff } from './backoff.ts'
import { type Campaign, decodeCampaign } from './campaign.ts'
import { type Claim, decodeClaim } from './claim.ts'
import { decodeShard, type Shard } from './shard.ts'
import { decodeVerdict, type Verdict } from './verdict.ts'

/** Every kind of record by name, and how its body is read. */
const DECODERS = {
  backoff: decodeBackoff,
  campaign: decodeCampaign,
  claim: decodeClaim,
  shard: decodeShard,
  verdict: decodeVerdict,
}

type Of<Kind extends string, Value> = { kind: Kind; id: CID; value: Value }

/** A record whose signature, key and fields hold. */
export type Entry =
  | Of<'backoff', Backoff>
  | Of<'campaign', Campaign>
  | Of<'claim', Claim>
  | Of<'shard', Shard>
  | Of<'verdict', Verdict>

/**
 * Read the body of an opened envelope.
 *
 * @throws ShoalError as the decoder of its kind
 */
export function readRecord(record: Opened): Entry {
  return { kind: record.kind, id: record.id, value: DECODERS[record.kind](record) } as Entry
}
