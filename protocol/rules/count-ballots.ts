import { makeRoster, weigh } from './assign.ts'
import { auditWord, mostVerifiers } from './assign-verifiers.ts'
import type { Ballot } from './quorum.ts'

/** What the choice of ballots depends on; the same as in `TallyInput`. */
interface Election {
  peers: readonly Uint8Array[]
  shards: readonly { producer: number; segment: number; ballots: readonly Ballot[] }[]
  verifiers: number
  policy: { operators: readonly Uint8Array[] | null }
  groupsOf?: (peer: number) => readonly string[]
}

/** Who made verdicts within a day of an epoch, in the order of their keys, and their seeds as a roster has them. */
interface Window {
  members: Int32Array
  seeds: Uint32Array
}

/**
 * Chooses the ballots that count: of verifiers who rank among the first `mostVerifiers` of all who have made verdicts
 * of the day, the day before or the day after, or who are on the consumer's list if there is one.
 *
 * Hundreds of millions of weights are looked at for 100,000 shards and 1,000 verifiers, in a second: so each takes some
 * nanoseconds, and what can't have changed is not counted again.
 *
 * @param zeroed - verifiers who don't count: it may grow between two updates
 */
export function startCounting(election: Election, zeroed: ReadonlySet<number>) {
  const { peers, shards, policy, groupsOf } = election
  const most = mostVerifiers(election.verifiers)
  const { order, places, seeds } = orderPeers(peers)
  const listed = policy.operators && new Set(policy.operators.map(String))
  const isListed = peers.map((peer) => listed?.has(String(peer)) ?? true)
  const verifiersOf = new Map<number, Set<number>>()
  for (const { ballots } of shards)
    for (const { verifier, epoch } of ballots) {
      const known = verifiersOf.get(epoch)
      if (known === undefined) verifiersOf.set(epoch, new Set([verifier]))
      else known.add(verifier)
    }
  const counted: (readonly Ballot[])[] = shards.map(() => [])
  /** shards with ballots that may count once somebody else's don't any more */
  const isOpen = new Uint8Array(shards.length).fill(1)
  let windows = new Map<number, Window>()

  function windowOf(epoch: number): Window {
    const known = windows.get(epoch)
    if (known !== undefined) return known
    const near = [epoch - 1, epoch, epoch + 1].map((day) => verifiersOf.get(day))
    const members = order.filter((peer) => !zeroed.has(peer) && near.some((day) => day?.has(peer)))
    const window = { members, seeds: new Uint32Array(2 * members.length) }
    members.forEach((peer, i) => void window.seeds.set(seeds.subarray(2 * peer, 2 * peer + 2), 2 * i))
    windows.set(epoch, window)
    return window
  }

  function choose(shard: number): Ballot[] {
    const { producer, segment, ballots } = shards[shard]!
    const able = ballots.filter(
      ({ verifier }) => verifier !== producer && isListed[verifier] && !zeroed.has(verifier),
    )
    const ranks = rank(able, producer, segment)
    const inOrder = able.map((_, i) => i).sort((a, b) => ranks[a]! - ranks[b]! || compare(able[a]!, able[b]!))
    const taken = new Set<string>()
    return inOrder.flatMap((i) => {
      if (listed === null && ranks[i]! >= most) return []
      const groups = groupsOf?.(able[i]!.verifier) ?? []
      if (groups.some((group) => taken.has(group))) return []
      for (const group of groups) taken.add(group)
      return able[i]!
    })
  }
  const compare = (a: Ballot, b: Ballot) => places[a.verifier]! - places[b.verifier]!

  /** How many are heavier than each of these ballots' verifiers, on its day. */
  function rank(ballots: readonly Ballot[], producer: number, segment: number): number[] {
    const ranks = ballots.map(() => 0)
    const producerSeeds = seeds.subarray(2 * producer, 2 * producer + 2)
    for (const epoch of new Set(ballots.map((ballot) => ballot.epoch))) {
      const word = auditWord(segment, producerSeeds, epoch)
      const ofDay = ballots
        .map(({ epoch: day, verifier }, i) => ({ i, day, verifier }))
        .filter(({ day }) => day === epoch)
      const own = ofDay.map(({ verifier }) =>
        signed(weigh(word, seeds[2 * verifier]!, seeds[2 * verifier + 1]!)),
      )
      const window = windowOf(epoch)
      for (const heavy of heavierThan(Math.min(...own), word, window)) {
        const member = window.members[heavy]!
        if (member === producer) continue
        const weight = signed(weigh(word, window.seeds[2 * heavy]!, window.seeds[2 * heavy + 1]!))
        for (const [j, { i, verifier }] of ofDay.entries())
          if (weight > own[j]! || (weight === own[j] && places[member]! < places[verifier]!)) ranks[i]!++
      }
    }
    return ranks
  }

  return {
    /** by shard, the highest rank first */
    counted: counted as readonly (readonly Ballot[])[],

    /** Counts again what those who were taken out since may have changed. */
    update(): void {
      windows = new Map()
      for (let shard = 0; shard < shards.length; shard++) {
        if (isOpen[shard] === 0 && !counted[shard]!.some(({ verifier }) => zeroed.has(verifier))) continue
        const chosen = choose(shard)
        counted[shard] = chosen
        isOpen[shard] = chosen.length < shards[shard]!.ballots.length ? 1 : 0
      }
    },
  }
}

/** As a signed word of the same order: comparing those takes half the time. */
function signed(weight: number): number {
  return weight ^ -0x80000000
}

/** The members of a window who weigh no less than this: a handful, of whom all else is asked. */
function heavierThan(least: number, word: number, { seeds }: Window): number[] {
  const found: number[] = []
  for (let i = 0; i < seeds.length; i += 2)
    if (signed(weigh(word, seeds[i]!, seeds[i + 1]!)) >= least) found.push(i >> 1)
  return found
}

/** Peers by their keys: who comes where, and their seeds. */
function orderPeers(peers: readonly Uint8Array[]) {
  const roster = makeRoster(peers)
  const placeOf = new Map(roster.keys.map((key, place) => [key, place]))
  const order = new Int32Array(peers.length)
  const places = new Int32Array(peers.length)
  const seeds = new Uint32Array(2 * peers.length)
  for (const [peer, key] of peers.entries()) {
    const place = placeOf.get(key)!
    order[place] = peer
    places[peer] = place
    seeds.set(roster.seeds.subarray(2 * place, 2 * place + 2), 2 * peer)
  }
  return { order, places, seeds }
}
