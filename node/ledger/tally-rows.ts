import { decode } from '@ipld/dag-cbor'
import { KEY_BYTES } from '../../protocol/limits.ts'
import type { Shard } from '../../protocol/records/shard.ts'
import type { Verdict } from '../../protocol/records/verdict.ts'
import { type Ballot, makeBallots } from '../../protocol/rules/quorum.ts'
import {
  type AuditedShard,
  type Judged,
  type Policy,
  type Standing,
  tally,
} from '../../protocol/rules/standing.ts'
import { DIGEST_BYTES } from '../../protocol/sync/fingerprints.ts'
import { unpackResult } from './pack-result.ts'
import { digestOfRecord, nameOfDigest } from './record-id.ts'
import { makeRows, type Rows, SHARD, VERDICT } from './rows.ts'
import { STATES } from './states.ts'

/** A ledger's rows at one moment, and what else a tally needs. */
export interface Snapshot {
  chunks: Uint8Array[]
  end: number
  /** as in rows */
  campaign: number
  /** of all the ledger's peers, one after the other */
  keys: Uint8Array
  /** envelopes of all verdicts on manifests that somebody accuses: a liar may accuse all there are */
  disputed: Envelopes[]
  /** the campaign's */
  verifiers: number
  policy: Policy
}

/** One after the other, to be given to a thread without a copy of each. */
interface Envelopes {
  bytes: Uint8Array
  ends: number[]
}

export function joinEnvelopes(envelopes: readonly Uint8Array[]): Envelopes {
  let end = 0
  const ends = envelopes.map(({ length }) => (end += length))
  const bytes = new Uint8Array(end)
  for (const [i, envelope] of envelopes.entries()) bytes.set(envelope, ends[i - 1] ?? 0)
  return { bytes, ends }
}

/** What came of it, as flat as can be: with 100,000 shards it goes from thread to thread. Peers are the ledger's. */
export interface Tallied {
  /** the shards' rows; all that is said of one has the same place as it */
  rows: Uint32Array
  ids: Uint8Array
  manifests: Uint8Array
  segments: Uint32Array
  producers: Uint32Array
  seqs: Float64Array
  /** places in STATES */
  states: Uint8Array
  needed: Uint32Array
  good: Uint32Array
  /** verifiers whose verdicts count, and where those of each shard end */
  counted: Uint32Array
  countedEnds: Uint32Array
  /** of shards that somebody accuses */
  accused: Map<number, Judged['accused']>
  /** of peers of whom there is anything to say */
  standings: Map<number, { valid: number; offences: Standing['offences'] }>
}

/** Judges all shards of a campaign by the verdicts on them. */
export function tallyRows({ chunks, end, campaign, keys, disputed, verifiers, policy }: Snapshot): Tallied {
  const rows = makeRows({ chunks, end })
  const shardRows = Uint32Array.from(rowsOf(rows, SHARD, campaign))
  const peers: number[] = []
  const places = new Map<number, number>()
  function placeOf(peer: number): number {
    const known = places.get(peer)
    if (known !== undefined) return known
    places.set(peer, peers.length)
    return peers.push(peer) - 1
  }
  const ballots = castBallots(rows, shardRows, campaign, disputed, placeOf)
  const shards = Array.from(
    shardRows,
    (row, shard): AuditedShard => ({
      producer: placeOf(rows.word(row, 'peer')),
      segment: rows.word(row, 'segment'),
      seq: rows.number(row, 'seq'),
      ballots: ballots[shard]!,
    }),
  )
  const keyOf = (peer: number) => keys.subarray(peer * KEY_BYTES, (peer + 1) * KEY_BYTES)
  const done = tally({ peers: peers.map(keyOf), shards, verifiers, policy })
  const named = (some: readonly number[]) => some.map((place) => peers[place]!)
  const countedEnds = new Uint32Array(shards.length)
  let total = 0
  for (const [shard, { counted }] of done.shards.entries()) countedEnds[shard] = total += counted.length
  const accused: Tallied['accused'] = new Map()
  for (const [shard, one] of done.shards.entries())
    if (one.accused.length > 0)
      accused.set(
        shard,
        one.accused.map((row) => ({ ...row, forged: named(row.forged), match: named(row.match) })),
      )
  const standings: Tallied['standings'] = new Map()
  for (const [place, { valid, offences }] of done.standings.entries())
    if (valid > 0 || offences.length > 0) standings.set(peers[place]!, { valid, offences })
  return {
    rows: shardRows,
    ids: joinDigests(shardRows, rows.digest),
    manifests: joinDigests(shardRows, rows.manifest),
    segments: shardRows.map((row) => rows.word(row, 'segment')),
    producers: shardRows.map((row) => rows.word(row, 'peer')),
    seqs: Float64Array.from(shards, ({ seq }) => seq),
    states: Uint8Array.from(done.shards, ({ state }) => STATES.indexOf(state)),
    needed: Uint32Array.from(done.shards, ({ needed }) => needed),
    good: Uint32Array.from(done.shards, ({ good }) => good),
    counted: Uint32Array.from(done.shards.flatMap(({ counted }) => named(counted))),
    countedEnds,
    accused,
    standings,
  }
}

function* rowsOf(rows: Rows, kind: number, campaign: number): Generator<number> {
  for (let row = 0; row < rows.end(); row++)
    if (rows.word(row, 'kind') === kind && rows.word(row, 'campaign') === campaign) yield row
}

/** The ballots on each shard. What verdicts say in detail is looked into only where somebody accuses. */
function castBallots(
  rows: Rows,
  shardRows: Uint32Array,
  campaign: number,
  disputed: readonly Envelopes[],
  placeOf: (peer: number) => number,
): Ballot[][] {
  const verdictsOn = new Map<string, number[]>()
  for (const row of rowsOf(rows, VERDICT, campaign)) {
    const name = nameOfAudited(rows, row, rows.word(row, 'producer'))
    const known = verdictsOn.get(name)
    if (known === undefined) verdictsOn.set(name, [row])
    else known.push(row)
  }
  const envelopes = new Map<string, Uint8Array>()
  for (const { bytes, ends } of disputed)
    for (const [i, end] of ends.entries()) {
      const envelope = bytes.subarray(ends[i - 1] ?? 0, end)
      envelopes.set(nameOfDigest(digestOfRecord(envelope)), envelope)
    }
  return Array.from(shardRows, (shard) => {
    const on = verdictsOn.get(nameOfAudited(rows, shard, rows.word(shard, 'peer'))) ?? []
    const short = on.map((row): Ballot => {
      const { ruling, rows: looked, unverifiable } = unpackResult(rows.word(row, 'result'))
      const verifier = placeOf(rows.word(row, 'peer'))
      return { verifier, epoch: rows.word(row, 'epoch'), ruling, rows: looked, unverifiable, votes: NONE }
    })
    if (short.every(({ ruling }) => ruling !== 'forged')) return short
    const verifierOf = new Map<Uint8Array, number>()
    const long = on.flatMap((row, i) => {
      const envelope = envelopes.get(nameOfDigest(rows.digest(row)))
      // replaced since the rows were copied: another tally follows
      if (envelope === undefined) return []
      const verdict = readVerdict(envelope)
      verifierOf.set(verdict.verifier, short[i]!.verifier)
      return verdict
    })
    return makeBallots(long, (verifier) => verifierOf.get(verifier)!)
  })
}
const NONE: readonly never[] = []

/** The verdict in an envelope of the ledger's own: it was checked when it was taken in. */
export function readVerdict(envelope: Uint8Array): Verdict {
  return decode(decode<{ body: Uint8Array }>(envelope).body)
}

/** The same for a shard. */
export function readShard(envelope: Uint8Array): Shard {
  return decode(decode<{ body: Uint8Array }>(envelope).body)
}

/** Equal for a shard and the verdicts on it. */
function nameOfAudited(rows: Rows, row: number, producer: number): string {
  return `${producer} ${rows.word(row, 'segment')} ${rows.word(row, 'rows')} ${nameOfDigest(rows.manifest(row))}`
}

function joinDigests(shardRows: Uint32Array, digestOf: (row: number) => Uint8Array): Uint8Array {
  const joined = new Uint8Array(DIGEST_BYTES * shardRows.length)
  for (const [shard, row] of shardRows.entries()) joined.set(digestOf(row), DIGEST_BYTES * shard)
  return joined
}
