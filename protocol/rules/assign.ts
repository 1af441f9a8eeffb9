import { sha256 } from '@noble/hashes/sha2.js'
import { compareBytes } from './select.ts'

/** The active peers, prepared for weighing: the first two words of each key's sha256. The same for the same set. */
export interface Roster {
  keys: readonly Uint8Array[]
  seeds: Uint32Array
}

/** @param keys - of the active peers; repetitions count once */
export function makeRoster(keys: Iterable<Uint8Array>): Roster {
  const sorted = [...keys].sort(compareBytes)
  const unique = sorted.filter((key, i) => i === 0 || compareBytes(key, sorted[i - 1]!) !== 0)
  const seeds = new Uint32Array(2 * unique.length)
  unique.forEach((key, i) => void seeds.set(seedOf(key), 2 * i))
  return { keys: unique, seeds }
}

function seedOf(key: Uint8Array): [number, number] {
  const view = new DataView(sha256(key).buffer)
  return [view.getUint32(0), view.getUint32(4)]
}

/**
 * A peer's weight for a segment, 0 to 2^32 - 1: a permutation of the segments that the peer's seed chooses. It takes
 * nanoseconds, since campaigns have billions of pairs of segment and peer; one sha256 a pair would take hours.
 */
export function weigh(segment: number, seed0: number, seed1: number): number {
  return mix(mix(segment ^ seed0) ^ seed1) >>> 0
}

/** The finaliser of MurmurHash3 (Appleby), a permutation of 32-bit words. */
function mix(word: number): number {
  let h = word ^ (word >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/**
 * Who is to do a segment: the peer of the highest weight, or of equal ones the lowest key. A peer that comes or goes
 * moves its own share of the segments and no others (highest random weight, Thaler and Ravishankar 1998).
 *
 * @returns the peer's place in the roster, and its weight; null of an empty roster
 */
export function ownerOf(segment: number, { seeds }: Roster): { peer: number; weight: number } | null {
  let peer = -1
  let heaviest = -1
  for (let i = 0; i < seeds.length; i += 2) {
    const weight = weigh(segment, seeds[i]!, seeds[i + 1]!)
    // the keys are in order: the lowest of equals came first
    if (weight > heaviest) {
      heaviest = weight
      peer = i / 2
    }
  }
  return peer < 0 ? null : { peer, weight: heaviest }
}

/**
 * It is a node's turn where fewer peers than this are heavier: where none is, the segment is its own. Helpers, each
 * with some segments of its turn, stay apart nearly as owners do.
 */
const RANKS = 4
/** Among n peers, a weight of 2^32 (1 - 16/n) or less means a turn in 1 of 10^4 cases. */
const TAIL = 16
/** Free segments that a node whose turn it is nowhere chooses from. */
const CHOICES = 8
/** Places tried at random for each choice before all are looked through. */
const TRIES = 32

interface PickOptions {
  segmentCount: number
  /**
   * whether a segment can be claimed, as this node sees it; asked for some hundreds of them, and for all only where
   * hardly any is free
   */
  isFree: (segment: number) => boolean
  peers: Roster
  /** whether a record of this peer came within QUIET_MS; absent: all are taken to be near */
  isHeard?: (peer: Uint8Array) => boolean
  /** this node's key, whether or not it is among the peers */
  self: Uint8Array
  /** uniform in [0, 1) */
  random: () => number
}

/**
 * The segment to claim next: one's own, the heaviest first, which stays one's own the longest as peers come. Then,
 * to help others, one where it is this node's turn; then one of a few random free ones. Of half of these, at random,
 * so that helpers don't all run to one, it is the one whose owner weighs the least and so comes to it last: the two
 * stay apart even where they can't hear each other. Segments of owners who are not heard come last of all: they may be
 * at work on them on the other side of a broken network.
 *
 * @returns null where no segment is free
 */
export function pickSegment(options: PickOptions): number | null {
  const { peers, random, isHeard = () => true } = options
  const { own, others } = nearest(options)
  if (own !== null) return own
  const hidden: Choice[] = []
  for (const segments of [() => others, () => someFree(options)]) {
    const choices = [...segments()].map((segment): Choice => ({ segment, owner: ownerOf(segment, peers) }))
    const heard = choices.filter(({ owner }) => owner === null || isHeard(peers.keys[owner.peer]!))
    if (heard.length > 0) return laterOf(heard, random).segment
    hidden.push(...choices)
  }
  return hidden.length > 0 ? laterOf(hidden, random).segment : null
}

interface Choice {
  segment: number
  owner: ReturnType<typeof ownerOf>
}

function laterOf(choices: readonly Choice[], random: () => number): Choice {
  const some = choices.filter(() => random() < 0.5)
  return (some.length > 0 ? some : choices).reduce((a, b) =>
    (b.owner?.weight ?? 0) < (a.owner?.weight ?? 0) ? b : a,
  )
}

/** The free segments where it is this node's turn: the heaviest of its own, or if it has none, all of the others. */
function nearest({ segmentCount, isFree, peers, self }: PickOptions) {
  const [seed0, seed1] = seedOf(self)
  const threshold = 2 ** 32 * (1 - TAIL / Math.max(TAIL, peers.keys.length))
  const candidates: { segment: number; weight: number }[] = []
  for (let segment = 0; segment < segmentCount; segment++) {
    const weight = weigh(segment, seed0, seed1)
    if (weight >= threshold && isFree(segment)) candidates.push({ segment, weight })
  }
  candidates.sort((a, b) => b.weight - a.weight)
  const others: number[] = []
  for (const { segment, weight } of candidates) {
    const rank = rankOf(segment, weight, self, peers)
    if (rank === 0) return { own: segment, others }
    if (rank < RANKS) others.push(segment)
  }
  return { own: null, others }
}

/** How many peers come before this one, counted no further than RANKS: most segments get there soon. */
function rankOf(segment: number, weight: number, self: Uint8Array, { keys, seeds }: Roster): number {
  let rank = 0
  for (let i = 0; i < seeds.length && rank < RANKS; i += 2) {
    const other = weigh(segment, seeds[i]!, seeds[i + 1]!)
    if (other > weight || (other === weight && compareBytes(keys[i / 2]!, self) < 0)) rank++
  }
  return rank
}

function someFree({ segmentCount, isFree, random }: PickOptions): Set<number> {
  const choose = () => Math.floor(random() * segmentCount)
  const found = new Set<number>()
  for (let tries = 0; tries < CHOICES * TRIES && found.size < CHOICES; tries++) {
    const segment = choose()
    if (isFree(segment)) found.add(segment)
  }
  if (found.size > 0) return found
  const all: number[] = []
  for (let segment = 0; segment < segmentCount; segment++) if (isFree(segment)) all.push(segment)
  for (let i = 0; i < CHOICES && all.length > 0; i++) found.add(all[Math.floor(random() * all.length)]!)
  return found
}

/** Milliseconds between two looks of all idle nodes together, and at least between two of one. */
const LOOK_EVERY_MS = 50
const LEAST_IDLE_MS = 10_000

/**
 * How long a node that found no segment free waits before it looks again, milliseconds. The more peers there are, the
 * longer: a segment that becomes free is claimed by a few of them, not by thousands at once.
 */
export function idleMs(activePeers: number, random: () => number): number {
  return Math.max(LEAST_IDLE_MS, LOOK_EVERY_MS * activePeers) * (0.5 + random())
}
