import { createHash } from 'node:crypto'
import { makeRoster, type Roster } from '../../protocol/rules/assign.ts'
import type { Posting } from './board.ts'

/** A node of the simulation. Times are milliseconds. */
export interface Volunteer {
  key: Uint8Array
  /** how far its clock is ahead */
  skew: number
  /** what a segment takes it, more or less */
  pace: number
  /** grows with each change of its state: what was planned before is void */
  turn: number
  status: 'idle' | 'waiting' | 'working'
  /** the latest it claimed, and how */
  segment: number
  lease: { seq: number; issued: number; expires: number }
  /** work left on it, as of `since`; below 0 where there is none to go back to */
  left: number
  since: number
  /** shards it has published, and its latest claim's `seq` by segment */
  shards: number
  seqs: Map<number, number>
  /** when it published its latest claims */
  claimed: number[]
  /** its first record, by which others know that it is active */
  first: Posting | null
  /** its latest records, the newest first */
  latest: Posting[]
}

const MINUTE = 60_000

export function makeVolunteers(seed: number, count: number, random: () => number): Volunteer[] {
  const between = (low: number, high: number) => low + (high - low) * random()
  return Array.from({ length: count }, (_, i) => {
    const reach = random() < 0.1 ? MINUTE : 1000
    return {
      key: new Uint8Array(createHash('sha256').update(`${seed} ${i}`).digest()),
      skew: Math.round(between(-reach, reach)),
      pace: between(20 * MINUTE, 60 * MINUTE),
      turn: 0,
      status: 'idle',
      segment: -1,
      lease: { seq: 0, issued: 0, expires: 0 },
      left: -1,
      since: 0,
      shards: 0,
      seqs: new Map(),
      claimed: [],
      first: null,
      latest: [],
    }
  })
}

/** Who is who by key, and rosters of some or all, without sorting and hashing the keys again. */
export function startRegister(volunteers: readonly Volunteer[]) {
  const placeOf = new Map(volunteers.map(({ key }, i) => [key.join(), i]))
  const everybody = makeRoster(volunteers.map(({ key }) => key))
  const order = everybody.keys.map((key) => placeOf.get(key.join())!)
  return {
    everybody,
    find: (key: Uint8Array) => placeOf.get(key.join()),
    rosterOf(isIn: (node: number) => boolean): Roster {
      const places = order.flatMap((node, place) => (isIn(node) ? [place] : []))
      const seeds = new Uint32Array(2 * places.length)
      places.forEach((place, i) => void seeds.set(everybody.seeds.subarray(2 * place, 2 * place + 2), 2 * i))
      return { keys: places.map((place) => everybody.keys[place]!), seeds }
    },
  }
}
