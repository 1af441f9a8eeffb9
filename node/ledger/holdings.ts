import type { CID } from 'multiformats/cid'
import type { Claim } from '../../protocol/records/claim.ts'
import type { ShardState } from '../../protocol/rules/quorum.ts'
import { type Holding, isLive, select } from '../../protocol/rules/select.ts'
import type { Peers } from './peers.ts'
import { idOfDigest } from './record-id.ts'
import type { RecordSet, Shelf } from './record-set.ts'
import { CLAIM, SHARD } from './rows.ts'
import { REFUSED, STATES } from './states.ts'

type ClaimFields = Pick<Claim, 'peer' | 'seq' | 'issued' | 'expires'>

export function claimFields({ rows }: RecordSet, peers: Peers, row: number): ClaimFields {
  return {
    peer: peers.keyOf(rows.word(row, 'peer')),
    seq: rows.number(row, 'seq'),
    issued: rows.number(row, 'issued'),
    expires: rows.number(row, 'expires'),
  }
}

/** A shard's record, as far as the memory holds it. */
export interface KnownShard {
  /** of the record */
  id: CID
  manifest: CID
  segment: number
  peer: Uint8Array
  seq: number
  /** by the campaign's own policy; it follows the verdicts after a moment */
  state: ShardState
}

export function shardsOf(set: RecordSet, peers: Peers, campaign: number, segment: number): KnownShard[] {
  const { rows } = set
  return [...set.ofSegment(campaign, segment)]
    .filter((row) => rows.word(row, 'kind') === SHARD)
    .map((row) => shardOf(set, peers, row))
}

export function shardOf({ rows }: RecordSet, peers: Peers, row: number): KnownShard {
  return {
    // copies: the row may go
    id: idOfDigest(new Uint8Array(rows.digest(row))),
    manifest: idOfDigest(new Uint8Array(rows.manifest(row))),
    segment: rows.word(row, 'segment'),
    peer: peers.keyOf(rows.word(row, 'peer')),
    seq: rows.number(row, 'seq'),
    state: STATES[rows.word(row, 'state')]!,
  }
}

/** What a verdict says of the shard that it is on: a shard's record has to say the same. */
interface Audited {
  segment: number
  producer: number
  manifest: Uint8Array
  rows: number
}

/** Rows of the shards that a verdict is on: several where a producer has published one manifest twice. */
export function auditedShards(set: RecordSet, campaign: number, audited: Audited): number[] {
  const { rows } = set
  return [...set.ofSegment(campaign, audited.segment)].filter(
    (row) =>
      rows.word(row, 'kind') === SHARD &&
      rows.word(row, 'peer') === audited.producer &&
      rows.word(row, 'rows') === audited.rows &&
      rows.hasManifest(row, audited.manifest),
  )
}

export function auditedBy({ rows }: RecordSet, verdict: number): Audited {
  return {
    segment: rows.word(verdict, 'segment'),
    producer: rows.word(verdict, 'producer'),
    manifest: new Uint8Array(rows.manifest(verdict)),
    rows: rows.word(verdict, 'rows'),
  }
}

/** Rows of the verdicts on a shard. */
export function verdictsOn({ rows, ofManifest }: RecordSet, shard: number): number[] {
  return [...ofManifest(rows.word(shard, 'campaign'), rows.manifest(shard))].filter(
    (row) =>
      rows.word(row, 'producer') === rows.word(shard, 'peer') &&
      rows.word(row, 'segment') === rows.word(shard, 'segment') &&
      rows.word(row, 'rows') === rows.word(shard, 'rows'),
  )
}

/**
 * Whether a peer has a refused shard of a segment. It leaves the segment to others then: its claims don't count, or it
 * could take the segment again and again. A better shard of its own is as good as anybody's.
 */
export function isOut(
  { rows, ofSegment }: RecordSet,
  campaign: number,
  segment: number,
  peer: number,
): boolean {
  for (const row of ofSegment(campaign, segment))
    if (
      rows.word(row, 'kind') === SHARD &&
      rows.word(row, 'state') === REFUSED &&
      rows.word(row, 'peer') === peer
    )
      return true
  return false
}

export function lastShardOf(set: RecordSet, peers: Peers, peer: Uint8Array): KnownShard | null {
  const { rows } = set
  const number = peers.find(peer)
  let last = -1
  if (number >= 0)
    for (const row of set.ofKind(SHARD))
      if (
        rows.word(row, 'peer') === number &&
        (last < 0 || rows.number(row, 'seq') > rows.number(last, 'seq'))
      )
        last = row
  return last < 0 ? null : shardOf(set, peers, last)
}

/** Whose a segment is, by all that this node knows. */
export function holdingOf(
  set: RecordSet,
  peers: Peers,
  campaign: number,
  segment: number,
  now: number,
): Holding {
  const { rows } = set
  const claims: ClaimFields[] = []
  const shards: KnownShard[] = []
  for (const row of set.ofSegment(campaign, segment))
    if (rows.word(row, 'kind') === SHARD) {
      if (rows.word(row, 'state') !== REFUSED) shards.push(shardOf(set, peers, row))
    } else if (!isOut(set, campaign, segment, rows.word(row, 'peer')))
      claims.push(claimFields(set, peers, row))
  return claims.length + shards.length === 0 ? { state: 'free' } : select(segment, { claims, shards }, now)
}

/** Which of a campaign's segments are meant: to say whose one is costs more than to find it. */
export interface Which {
  /** where absent, both */
  state?: 'held' | 'done'
  /** those that follow this one */
  after?: number
  /** as many, the first ones */
  limit?: number
}

/** Segments that are done or held, in order. */
export function touchedSegments(
  set: RecordSet,
  shelf: Shelf,
  now: number,
  { state, after = -1, limit }: Which,
): number[] {
  const { rows } = set
  const found = new Set<number>()
  for (let row = 0; row < rows.end(); row++) {
    const kind = rows.word(row, 'kind')
    if ((kind !== CLAIM && kind !== SHARD) || rows.word(row, 'campaign') !== shelf.number) continue
    const segment = rows.word(row, 'segment')
    if (segment <= after) continue
    if (kind === SHARD && state !== 'held' && rows.word(row, 'state') !== REFUSED) found.add(segment)
    if (kind === CLAIM && state !== 'done' && holds(set, row, now)) found.add(segment)
  }
  const wanted = state === 'held' ? [...found].filter((one) => !set.isDone(shelf.number, one)) : [...found]
  return wanted.sort((a, b) => a - b).slice(0, limit)
}

/** Segments with a live claim and no shard but refused ones. */
export function countHeld(set: RecordSet, shelf: Shelf, now: number): number {
  const held = new Set<number>()
  for (const row of set.ofKind(CLAIM, shelf.number))
    if (holds(set, row, now)) held.add(set.rows.word(row, 'segment'))
  let count = 0
  for (const segment of held) if (!set.isDone(shelf.number, segment)) count++
  return count
}

/** Whether a claim counts. */
function holds(set: RecordSet, row: number, now: number): boolean {
  const { rows } = set
  return (
    isLive({ issued: rows.number(row, 'issued'), expires: rows.number(row, 'expires') }, now) &&
    !isOut(set, rows.word(row, 'campaign'), rows.word(row, 'segment'), rows.word(row, 'peer'))
  )
}
