import { EPOCH_MS, PATIENCE_MS } from '../timing.ts'
import { makeRoster, type Roster, weigh } from './assign.ts'
import { compareBytes } from './select.ts'

/** What an audit is of, and when. Never the shard's CID: its producer could try CIDs until friends are to verify it. */
export interface AuditOf {
  segment: number
  producer: Uint8Array
  /** the audit's day, see epochOf */
  epoch: number
}

/** The days since 1970 in UTC: who verifies a shard changes from day to day, so that absent verifiers don't matter. */
export function epochOf(now: number): number {
  return Math.floor(now / EPOCH_MS)
}

/**
 * What a peer's weight for an audit begins with: `weigh(it, …)` with the peer's own seeds is the weight. Mixing takes
 * nanoseconds, so that hundreds of thousands of verdicts can be ranked among all verifiers at once.
 *
 * @param seeds - the producer's, as a roster has them
 */
export function auditWord(segment: number, seeds: ArrayLike<number>, epoch: number): number {
  return weigh(segment, seeds[0]!, seeds[1]! ^ epoch)
}

/**
 * Who verifies a shard on a day, the first rank first: the heaviest peers, of equal ones the lower key first (highest
 * random weight, Thaler and Ravishankar 1998). Never its producer.
 *
 * Keys cost nothing: somebody who makes thousands of them finds one that ranks first for a shard. In an open campaign
 * nothing stops that but consumers who name the operators they trust.
 *
 * @param peers - active in the campaign, this node included, without those who are zeroed
 * @param count - so many at most: mostVerifiers, to see who steps in
 * @returns places in the roster, the rank of each being its own place in the list
 */
export function chooseVerifiers(audit: AuditOf, { keys, seeds }: Roster, count: number): number[] {
  const word = auditWord(audit.segment, makeRoster([audit.producer]).seeds, audit.epoch)
  const first: { peer: number; weight: number }[] = []
  for (let peer = 0; peer < keys.length; peer++) {
    const weight = weigh(word, seeds[2 * peer]!, seeds[2 * peer + 1]!)
    // the keys are in order: the lowest of equals came first
    if (first.length === count && weight <= first.at(-1)!.weight) continue
    if (compareBytes(keys[peer]!, audit.producer) === 0) continue
    const rank = first.findIndex((other) => other.weight < weight)
    first.splice(rank < 0 ? first.length : rank, 0, { peer, weight })
    first.length = Math.min(first.length, count)
  }
  return first.map(({ peer }) => peer)
}

/**
 * Ranks that may ever verify a shard: twice those of the campaign and one, so that a dispute can be decided with some
 * of them away, and strangers can't pile verdicts up until they are the majority.
 */
export function mostVerifiers(verifiers: number): number {
  return 2 * verifiers + 1
}

/**
 * How long a verifier waits before it audits: those whose turn it is don't. The others step in one after the other
 * where verdicts are still missing by then, or are needed to end a dispute.
 *
 * @param needed - verdicts that this shard needs, see neededVerifiers
 * @param verifiers - the campaign's
 * @returns milliseconds since the shard was heard of, or since it is disputed; null for a rank that never audits
 */
export function auditDelay(rank: number, needed: number, verifiers: number): number | null {
  if (rank >= mostVerifiers(verifiers)) return null
  return Math.max(0, rank - needed + 1) * PATIENCE_MS
}
