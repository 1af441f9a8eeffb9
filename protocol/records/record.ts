import type { CID } from 'multiformats/cid'
import type { Opened } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import { type Backoff, decodeBackoff } from './backoff.ts'
import { type Campaign, decodeCampaign } from './campaign.ts'
import { type Claim, decodeClaim } from './claim.ts'
import { decodeHead, type Head } from './head.ts'
import { decodeRemoval, type Removal } from './removal.ts'
import { decodeShard, type Shard } from './shard.ts'
import { decodeVerdict, type Verdict } from './verdict.ts'

/** Every kind of record that nodes tell each other, by name, and how its body is read. */
const DECODERS = {
  backoff: decodeBackoff,
  campaign: decodeCampaign,
  claim: decodeClaim,
  head: decodeHead,
  removal: decodeRemoval,
  shard: decodeShard,
  verdict: decodeVerdict,
}

type Of<Kind extends string, Value> = { kind: Kind; id: CID; value: Value }

/** A record whose signature, key and fields hold. */
export type Entry =
  | Of<'backoff', Backoff>
  | Of<'campaign', Campaign>
  | Of<'claim', Claim>
  | Of<'head', Head>
  | Of<'removal', Removal>
  | Of<'shard', Shard>
  | Of<'verdict', Verdict>

/**
 * Read the body of an opened envelope.
 *
 * @throws ShoalError as the decoder of its kind; `envelope_kind` for a kind of which no ledger is told, such as a release
 */
export function readRecord({ kind, ...record }: Opened): Entry {
  if (!isTold(kind))
    throw new ShoalError('envelope_kind', `${record.id} is a ${kind}: nodes do not tell each other of those`)
  return { kind, id: record.id, value: DECODERS[kind]({ ...record, kind }) } as Entry
}

function isTold(kind: Opened['kind']): kind is Entry['kind'] {
  return Object.hasOwn(DECODERS, kind)
}
