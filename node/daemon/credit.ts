import { createHash } from 'node:crypto'
import { setImmediate as breathe } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { nameOfPeer } from '../identity.ts'
import { type JudgedShard, type Judgements, type Ledger, readShard } from '../ledger/ledger.ts'
import { parseCampaign } from '../parse-cid.ts'

/** What a peer has given to a campaign, as others have signed it: nobody's own word counts. */
export interface Credit {
  campaign: string
  peer: string
  own: boolean
  /** what its operator and team call themselves in its newest verified shard, or null */
  operator: string | null
  team: string | null
  /** shards of it that are verified, and pairs in them */
  segments: number
  pairs: number
  /** its verdicts that count, on whosever shards */
  audits: number
  /** bytes of blocks that it gave to others who audited, by those of their verdicts that count, on verified shards */
  bytesServed: number
}

/** What the records on one verified shard say; they are read once. */
interface Read {
  rows: number
  operator: string | null
  team: string | null
  servers: { peer: string; bytes: number }[]
}

/** Shards whose records are remembered: some 300 bytes each. */
const MAX_READ = 200_000
/** Peers whose names are remembered: to spell one takes longer than all else. */
const MAX_NAMES = 50_000
/** Shards that are counted, and those whose records are read, before others have a turn. */
const COUNTED_AT_ONCE = 2_000
const READ_AT_ONCE = 16
/** Verdicts on one shard that are looked at; far beyond those that may count. */
const MAX_VERDICTS = 1_000

/** Tells what peers have given, of the ledger's records alone. */
export function openCredits(ledger: Ledger, self: Uint8Array) {
  const read = new LRUCache<string, Read>({ max: MAX_READ })
  const names = new LRUCache<string, string>({ max: MAX_NAMES })
  // whoever asks before a record has changed gets what others got
  const told = new WeakMap<Judgements, Promise<Credit[]>>()

  function nameOf(key: Uint8Array): string {
    const spelt = spell(key)
    const name = names.get(spelt) ?? nameOfPeer(key)
    names.set(spelt, name)
    return name
  }

  async function readRecords(campaign: CID, shard: JudgedShard): Promise<Read | null> {
    // verdicts that count come and go
    const hash = createHash('sha256').update(shard.id.bytes)
    for (const key of shard.counted) hash.update(key)
    const key = hash.digest('binary')
    const known = read.get(key)
    if (known) return known
    const envelope = await ledger.find(shard.id)
    // it was dropped meanwhile
    if (envelope === null) return null
    const { rows, operator = null, team = null } = readShard(envelope)
    const servers = (await ledger.verdictsOf(campaign, shard.manifest, MAX_VERDICTS))
      .map(({ verdict }) => verdict)
      .filter(
        ({ producer, verifier }) =>
          equalBytes(producer, shard.peer) && shard.counted.some((one) => equalBytes(one, verifier)),
      )
      .flatMap((verdict) => verdict.servers ?? [])
      .map(({ peer, bytes }) => ({ peer: nameOf(peer), bytes }))
    const found = { rows, operator, team, servers }
    read.set(key, found)
    return found
  }

  async function sumUp(id: CID, judged: Judgements): Promise<Credit[]> {
    const campaign = id.toString()
    const own = nameOf(self)
    const credits = new Map<string, Credit & { seq: number }>()
    const of = (peer: string) => {
      const known = credits.get(peer)
      if (known) return known
      const none = { segments: 0, pairs: 0, audits: 0, bytesServed: 0 }
      const one = { campaign, peer, own: peer === own, operator: null, team: null, ...none, seq: -1 }
      credits.set(peer, one)
      return one
    }
    const offenders = new Set(
      judged.standings().flatMap(({ peer, offences }) => (offences.length > 0 ? [nameOf(peer)] : [])),
    )
    let looked = 0
    for (const { counted } of judged.shards()) {
      for (const verifier of counted.map(nameOf)) if (!offenders.has(verifier)) of(verifier).audits++
      if (++looked % COUNTED_AT_ONCE === 0) await breathe()
    }
    for (const some of chunk(judged.shards('verified'), READ_AT_ONCE)) {
      const records = await Promise.all(some.map((shard) => readRecords(id, shard)))
      for (const [i, { peer, seq }] of some.entries()) {
        const record = records[i]
        if (!record) continue
        const one = of(nameOf(peer))
        one.segments++
        one.pairs += record.rows
        if (seq > one.seq) Object.assign(one, { seq, operator: record.operator, team: record.team })
        for (const server of record.servers) of(server.peer).bytesServed += server.bytes
      }
      await breathe()
    }
    return [...credits.values()]
      .map(({ seq: _, ...one }) => one)
      .sort((a, b) => b.pairs - a.pairs || b.audits - a.audits || (a.peer < b.peer ? -1 : 1))
  }

  async function creditsOf(id: CID): Promise<Credit[]> {
    const judged = await ledger.judgements(id)
    const known = told.get(judged)
    if (known) return known
    const credits = sumUp(id, judged)
    told.set(judged, credits)
    // a disk that fails once does not fail for good
    credits.catch(() => told.delete(judged))
    return credits
  }

  /**
   * What peers have given, those who gave most pairs of each campaign first.
   *
   * @param campaign - CID of the only one that is asked about; null: all that this node takes part in
   * @throws ShoalError `cid_invalid`, `campaign_unknown`
   */
  return async (campaign: string | null): Promise<Credit[]> => {
    const all = ledger.campaigns().map(({ id }) => id)
    const wanted = campaign === null ? null : parseCampaign(campaign)
    const ids = wanted === null ? all : all.filter((id) => id.equals(wanted))
    if (wanted !== null && ids.length === 0)
      throw new ShoalError('campaign_unknown', `this node takes no part in ${campaign}: join it first`)
    return (await Promise.all(ids.map(creditsOf))).flat()
  }
}

function spell(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

function* chunk<T>(all: Iterable<T>, size: number): Generator<T[]> {
  let some: T[] = []
  for (const one of all) {
    some.push(one)
    if (some.length < size) continue
    yield some
    some = []
  }
  if (some.length > 0) yield some
}
