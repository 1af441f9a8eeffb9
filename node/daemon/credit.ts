import { setImmediate as breathe } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { decodeShard } from '../../protocol/records/shard.ts'
import { nameOfPeer } from '../identity.ts'
import type { JudgedShard, Ledger } from '../ledger/ledger.ts'
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
  servers: { peer: Uint8Array; bytes: number }[]
}

/** Shards whose records are remembered: some hundred bytes each. */
const MAX_READ = 200_000
/** Shards after which others have a turn, and records that are read at once. */
const IN_ONE_GO = 200
/** Verdicts on one shard that are looked at; far beyond those that may count. */
const MAX_VERDICTS = 1_000

/** Tells what peers have given, of the ledger's records alone. */
export function openCredits(ledger: Ledger, self: Uint8Array) {
  const read = new LRUCache<string, Read>({ max: MAX_READ })
  let last: { key: string; credits: Credit[] } = { key: '', credits: [] }

  async function readRecords(id: CID, shard: JudgedShard): Promise<Read | null> {
    // verdicts that count come and go
    const key = `${shard.id} ${shard.counted.map(String).join(' ')}`
    const known = read.get(key)
    if (known) return known
    const envelope = await ledger.find(shard.id)
    // it was dropped meanwhile
    if (envelope === null) return null
    // the ledger has checked its signature
    const { rows, operator = null, team = null } = decodeShard(await open(envelope, async () => true))
    const verdicts = await ledger.verdictsOf(id, shard.manifest, MAX_VERDICTS)
    const servers = verdicts
      .map(({ verdict }) => verdict)
      .filter(
        ({ producer, verifier }) =>
          equalBytes(producer, shard.peer) && shard.counted.some((one) => equalBytes(one, verifier)),
      )
      .flatMap((verdict) => verdict.servers ?? [])
    const found = { rows, operator, team, servers }
    read.set(key, found)
    return found
  }

  async function credit(id: CID): Promise<Credit[]> {
    const judged = await ledger.judgements(id)
    const credits = new Map<string, Credit & { seq: number }>()
    const of = (peer: Uint8Array) => {
      const name = nameOfPeer(peer)
      const known = credits.get(name) ?? {
        ...{ campaign: id.toString(), peer: name, own: equalBytes(peer, self), operator: null, team: null },
        ...{ segments: 0, pairs: 0, audits: 0, bytesServed: 0, seq: -1 },
      }
      credits.set(name, known)
      return known
    }
    const cheats = new Set(
      judged.standings().flatMap(({ peer, offences }) => (offences.length > 0 ? [String(peer)] : [])),
    )
    const verified: JudgedShard[] = []
    let looked = 0
    for (const shard of judged.shards()) {
      if (++looked % IN_ONE_GO === 0) await breathe()
      for (const verifier of shard.counted) if (!cheats.has(String(verifier))) of(verifier).audits++
      if (shard.state === 'verified') verified.push(shard)
    }
    for (let from = 0; from < verified.length; from += IN_ONE_GO) {
      const some = verified.slice(from, from + IN_ONE_GO)
      const records = await Promise.all(some.map((shard) => readRecords(id, shard)))
      for (const [i, { peer, seq }] of some.entries()) {
        const record = records[i]
        if (!record) continue
        const one = of(peer)
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

  /**
   * What peers have given, those who gave most pairs first.
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
    const key = ids.map((id) => `${id} ${ledger.digest(id)}`).join()
    if (last.key === key) return last.credits
    const credits = (await Promise.all(ids.map(credit))).flat()
    last = { key, credits }
    return credits
  }
}
