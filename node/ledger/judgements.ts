import type { CID } from 'multiformats/cid'
import type { ShardState } from '../../protocol/rules/quorum.ts'
import type { Frame } from '../../protocol/rules/sample.ts'
import type { OffenceCode } from '../../protocol/rules/standing.ts'
import { DIGEST_BYTES } from '../../protocol/sync/fingerprints.ts'
import type { KnownShard } from './holdings.ts'
import type { Peers } from './peers.ts'
import { digestOfId, idOfDigest, nameOfDigest } from './record-id.ts'
import { STATES } from './states.ts'
import type { Tallied } from './tally-rows.ts'

export interface JudgedShard extends KnownShard {
  /** good verdicts that it needs, and those that it has */
  needed: number
  good: number
  /** verifiers whose verdicts count, the highest rank first */
  counted: Uint8Array[]
  /** rows that somebody accuses, and who says what of them */
  accused: { frame: Frame; row: number; forged: Uint8Array[]; match: Uint8Array[] }[]
}

export interface PeerStanding {
  peer: Uint8Array
  /** verified shards in a row */
  valid: number
  /** what is proven against it, each with the shard that shows it. Whoever has any verifies no more */
  offences: { code: OffenceCode; shard: CID; segment: number }[]
}

/** The shards and peers of a campaign, judged by all records of one moment. */
export interface Judgements {
  /** how many shards are in each state */
  states: Record<ShardState, number>
  /** by the id of its record; null for one that was not known then */
  shard(id: CID): JudgedShard | null
  /** all of them, in no order, each made when it is asked for */
  shards(state?: ShardState): Iterable<JudgedShard>
  standing(peer: Uint8Array): PeerStanding
  /** of peers who have verified shards or offences, in no order */
  standings(): PeerStanding[]
}

export function viewJudgements(tallied: Tallied, peers: Peers): Judgements {
  const { rows, ids, manifests, segments, producers, seqs, counted, countedEnds } = tallied
  let places: Map<string, number> | null = null

  const digestAt = (digests: Uint8Array, shard: number) =>
    digests.slice(shard * DIGEST_BYTES, (shard + 1) * DIGEST_BYTES)
  const keysOf = (some: Iterable<number>) => Array.from(some, peers.keyOf)

  function placeOf(id: CID): number | undefined {
    places ??= new Map(Array.from(rows, (_, shard) => [nameOfDigest(digestAt(ids, shard)), shard]))
    return places.get(nameOfDigest(digestOfId(id)))
  }

  function shardAt(shard: number): JudgedShard {
    return {
      id: idOfDigest(digestAt(ids, shard)),
      manifest: idOfDigest(digestAt(manifests, shard)),
      segment: segments[shard]!,
      peer: peers.keyOf(producers[shard]!),
      seq: seqs[shard]!,
      state: STATES[tallied.states[shard]!]!,
      needed: tallied.needed[shard]!,
      good: tallied.good[shard]!,
      counted: keysOf(counted.subarray(countedEnds[shard - 1] ?? 0, countedEnds[shard])),
      accused: (tallied.accused.get(shard) ?? []).map((row) => ({
        ...row,
        forged: keysOf(row.forged),
        match: keysOf(row.match),
      })),
    }
  }

  function standingOf(peer: number): PeerStanding {
    const { valid, offences } = tallied.standings.get(peer) ?? { valid: 0, offences: [] }
    return {
      peer: peers.keyOf(peer),
      valid,
      offences: offences.map(({ code, shard }) => ({
        code,
        shard: idOfDigest(digestAt(ids, shard)),
        segment: segments[shard]!,
      })),
    }
  }

  const states = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<ShardState, number>
  for (const state of tallied.states) states[STATES[state]!]++
  return {
    states,
    shard(id) {
      const shard = placeOf(id)
      return shard === undefined ? null : shardAt(shard)
    },
    *shards(state) {
      for (let shard = 0; shard < rows.length; shard++)
        if (state === undefined || STATES[tallied.states[shard]!] === state) yield shardAt(shard)
    },
    standing(peer) {
      const number = peers.find(peer)
      return number < 0 ? { peer, valid: 0, offences: [] } : standingOf(number)
    },
    standings: () => [...tallied.standings.keys()].map(standingOf),
  }
}
