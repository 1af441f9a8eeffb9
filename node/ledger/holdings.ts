import type { CID } from 'multiformats/cid'
import type { Claim } from '../../protocol/records/claim.ts'
import { type Holding, isLive, select } from '../../protocol/rules/select.ts'
import type { Peers } from './peers.ts'
import { idOfDigest } from './record-id.ts'
import type { RecordSet, Shelf } from './record-set.ts'
import { CLAIM, SHARD } from './rows.ts'

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
  peer: Uint8Array
  seq: number
}

export function shardsOf(set: RecordSet, peers: Peers, campaign: number, segment: number): KnownShard[] {
  const { rows } = set
  return [...set.ofSegment(campaign, segment)]
    .filter((row) => rows.word(row, 'kind') !== CLAIM)
    .map((row) => shardOf(set, peers, row))
}

function shardOf({ rows }: RecordSet, peers: Peers, row: number): KnownShard {
  return {
    // copies: the row may go
    id: idOfDigest(new Uint8Array(rows.digest(row))),
    manifest: idOfDigest(new Uint8Array(rows.manifest(row))),
    peer: peers.keyOf(rows.word(row, 'peer')),
    seq: rows.number(row, 'seq'),
  }
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
  const shards = shardsOf(set, peers, campaign, segment)
  for (const row of set.ofSegment(campaign, segment))
    if (rows.word(row, 'kind') === CLAIM) claims.push(claimFields(set, peers, row))
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

/** Segments that a shard or a live claim is of, in order. */
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
    if (kind === 0 || rows.word(row, 'campaign') !== shelf.number) continue
    const segment = rows.word(row, 'segment')
    if (segment <= after) continue
    if (kind !== CLAIM ? state !== 'held' : state !== 'done' && isLiveRow(set, row, now)) found.add(segment)
  }
  const wanted = state === 'held' ? [...found].filter((one) => !set.isDone(shelf.number, one)) : [...found]
  return wanted.sort((a, b) => a - b).slice(0, limit)
}

/** Segments with a live claim and no shard. */
export function countHeld(set: RecordSet, shelf: Shelf, now: number): number {
  const held = new Set<number>()
  for (const row of set.ofKind(CLAIM, shelf.number))
    if (isLiveRow(set, row, now)) held.add(set.rows.word(row, 'segment'))
  let count = 0
  for (const segment of held) if (!set.isDone(shelf.number, segment)) count++
  return count
}

function isLiveRow({ rows }: RecordSet, row: number, now: number): boolean {
  return isLive({ issued: rows.number(row, 'issued'), expires: rows.number(row, 'expires') }, now)
}
