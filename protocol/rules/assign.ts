import { sha256 } from '@noble/hashes/sha2.js'
import { compareBytes } from './select.ts'

/** The active peers, prepared for weighing: two words of each key's sha256. Equal for equal sets. */
export interface Roster {
  keys: readonly Uint8Array[]
  seeds: Uint32Array
}

/** @param keys - of the active peers; repetitions count once */
export function makeRoster(keys: Iterable<Uint8Array>): Roster {
  const sorted = [...keys].sort(compareBytes)
  const unique = sorted.filter((key, i) => i === 0 || compareBytes(key, sorted[i - 1]!) !== 0)
  const seeds = new Uint32Array(2 * unique.length)
  unique.forEach((key, i) => void seeds.set(wordsOf(sha256(key)), 2 * i))
  return { keys: unique, seeds }
}

/**
 * Who is to do a segment: the peer of the highest weight, or of equal ones the lowest key. A peer that comes or goes
 * moves its own share of the segments and no others (highest random weight, Thaler and Ravishankar 1998).
 *
 * @returns the peer's place in the roster and its weight, or null of an empty one
 */
export function ownerOf(segment: number, roster: Roster): { peer: number; weight: number } | null {
  throw new Error(`${segment}${roster}`)
}

/**
 * The segment to claim next: one's own first, the heaviest first; then a random free one.
 *
 * @param isFree - whether a segment can be claimed, as this node sees it
 * @param random - uniform in [0, 1)
 * @returns null where no segment is free
 */
export function pickSegment(options: {
  segmentCount: number
  isFree: (segment: number) => boolean
  peers: Roster
  self: Uint8Array
  random: () => number
}): number | null {
  throw new Error(`${options}`)
}

/** How long a node that found no segment free waits before it looks again, milliseconds. */
export function idleMs(activePeers: number, random: () => number): number {
  throw new Error(`${activePeers}${random}`)
}

function wordsOf(digest: Uint8Array): [number, number] {
  const view = new DataView(digest.buffer, digest.byteOffset)
  return [view.getUint32(0), view.getUint32(4)]
}
