import { sha256 } from '@noble/hashes/sha2.js'
import type { CID } from 'multiformats/cid'
import { type Claim, isRelease } from '../records/claim.ts'
import type { Shard } from '../records/shard.ts'
import { CONTENTION_MS, MAX_AHEAD_MS, SKEW_MS } from '../timing.ts'

/** Whose a segment is. `until` is when its lease is over for others, milliseconds since 1970. */
export type Holding =
  | { state: 'free' }
  | { state: 'held'; peer: Uint8Array; until: number }
  | { state: 'done'; peer: Uint8Array; manifest: CID }

type ClaimFields = Pick<Claim, 'peer' | 'seq' | 'issued' | 'expires'>
type ShardFields = Pick<Shard, 'peer' | 'seq' | 'manifest'>

/**
 * Who holds a segment: the same on every node that has the same records of it, in whatever order they came, and
 * whether or not claims that a newer one replaced are among them.
 *
 * A shard beats every claim. Among several peers' shards, and among claims that began within the contention window
 * of the first, the lowest `precedence` wins; whoever came later gives way to the incumbent.
 */
export function select(
  segment: number,
  records: { claims: Iterable<ClaimFields>; shards: Iterable<ShardFields> },
  now: number,
): Holding {
  const shard = reduce(records.shards, (a, b) => compareShards(segment, a, b))
  if (shard !== null) return { state: 'done', peer: shard.peer, manifest: shard.manifest }
  const live = newestOfEach(records.claims).filter((claim) => isLive(claim, now))
  if (live.length === 0) return { state: 'free' }
  const first = live.reduce((least, { issued }) => Math.min(least, issued), Infinity)
  const contenders = live.filter(({ issued }) => issued <= first + CONTENTION_MS)
  const { peer, expires } = reduce(contenders, (a, b) => comparePeers(segment, a.peer, b.peer))!
  return { state: 'held', peer, until: expires + SKEW_MS }
}

/** Whether a claim holds its segment now, as other nodes see it, whose clocks may be ahead of the claimant's. */
export function isLive(claim: Pick<Claim, 'issued' | 'expires'>, now: number): boolean {
  return !isRelease(claim) && claim.issued <= now + SKEW_MS && now < claim.expires + SKEW_MS
}

/**
 * Whether a claim has no effect any more and can be forgotten. A release is kept until every claim that it may have
 * ended would be over by itself, or an old one could be played again.
 */
export function isOver(claim: Pick<Claim, 'issued' | 'expires'>, now: number): boolean {
  const end = isRelease(claim) ? claim.issued + MAX_AHEAD_MS + SKEW_MS : claim.expires
  return now >= end + SKEW_MS
}

/** The lowest wins: sha256 of the segment as four bytes, the highest first, and the peer's key. */
export function precedence(segment: number, peer: Uint8Array): Uint8Array {
  const message = new Uint8Array(4 + peer.length)
  new DataView(message.buffer).setUint32(0, segment)
  message.set(peer, 4)
  return sha256(message)
}

/**
 * Below 0 where `a` replaces `b`, both claims of one peer on one segment. Of two with the same `seq`, which no honest
 * peer signs, the one that gives its author less.
 */
export function compareClaims(a: Omit<ClaimFields, 'peer'>, b: Omit<ClaimFields, 'peer'>): number {
  return b.seq - a.seq || a.expires - b.expires || b.issued - a.issued
}

function newestOfEach<C extends ClaimFields>(claims: Iterable<C>): C[] {
  const newest = new Map<string, C>()
  for (const claim of claims) {
    const name = claim.peer.join()
    const other = newest.get(name)
    if (other === undefined || compareClaims(claim, other) < 0) newest.set(name, claim)
  }
  return [...newest.values()]
}

/** Among one peer's, the later replaces the earlier; of a fork, the lower CID counts. */
function compareShards(segment: number, a: ShardFields, b: ShardFields): number {
  return (
    comparePeers(segment, a.peer, b.peer) || b.seq - a.seq || compareBytes(a.manifest.bytes, b.manifest.bytes)
  )
}

function comparePeers(segment: number, a: Uint8Array, b: Uint8Array): number {
  return compareBytes(precedence(segment, a), precedence(segment, b))
}

/** As texts in a dictionary: byte by byte, the shorter first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

function reduce<T>(items: Iterable<T>, compare: (a: T, b: T) => number): T | null {
  let least: T | null = null
  for (const item of items) if (least === null || compare(item, least) < 0) least = item
  return least
}
