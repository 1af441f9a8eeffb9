import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { open, type Verify } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_RECORD_BYTES } from '../../protocol/limits.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { type Entry, readRecord } from '../../protocol/records/record.ts'
import type { Verdict } from '../../protocol/records/verdict.ts'
import { admit, type Judgement, judgeFault } from '../../protocol/rules/admit.ts'
import type { Store, Write } from '../store/store.ts'
import { findCircumstances, NOTHING } from './circumstances.ts'
import { countRecords } from './count-records.ts'
import { auditedBy, auditedShards, verdictsOn } from './holdings.ts'
import { isOver } from './is-over.ts'
import type { Joined, Memory } from './load.ts'
import { activeAt, keepMembers } from './members.ts'
import { noticeKey, noticesOf } from './notices.ts'
import { numberKey } from './number-key.ts'
import { digestOfId, digestOfRecord, idOfDigest, nameOfDigest } from './record-id.ts'
import { makeShelf } from './record-set.ts'
import { rowOf } from './row-of.ts'
import { CLAIM, HEAD, REMOVAL, SHARD } from './rows.ts'
import { takeBackoffs } from './take-backoff.ts'
import { takeRemovals } from './take-removal.ts'
import { takeVerdicts } from './take-verdict.ts'
import { startWriteBehind } from './write-behind.ts'

/** Which way a record came: made here, gossiped, or asked for: in a sync, or from a peer that the DHT named. */
export type How = 'own' | 'gossip' | 'sync'

export interface Added extends Pick<Judgement, 'verdict' | 'code'> {
  /** null for what is too large to be a record */
  id: CID | null
}

/** A record that was taken in. */
export interface Change {
  how: How
  id: CID
  kind: Entry['kind']
  /** of a campaign's record, its own id */
  campaign: CID
  /** whose record it is, a verifier's if it is a verdict; null for those that are on no segment */
  work: { segment: number; peer: Uint8Array } | null
  /** null but for a back-off: the host that wants to be left alone, and until when a node that hears of it does so */
  backoff: { host: string; until: number } | null
  /** null but for a verdict: what it is on, and what it says */
  audit: Pick<Verdict, 'producer' | 'manifest' | 'ruling'> | null
}

/** Gossiped records whose signatures are being checked at once: 30 ms of work for each core of two. */
const MAX_WAITING = 512
/** Refused records that are remembered, and for how long, so that nobody makes a node check the same ones over and over. */
const MAX_REFUSED = 20_000
const REFUSED_MS = 5 * 60_000

type EntryOf<Kind extends Entry['kind']> = Extract<Entry, { kind: Kind }>

/** The way of records into the memory and onto the disk, and out again. */
export function makeIntake(
  { store, verify, clock }: { store: Store; verify: Verify; clock: () => number },
  memory: Memory,
) {
  const { joined, peers, set } = memory
  const { rows } = set
  const disk = startWriteBehind(store, () =>
    set
      .takeDirty()
      .map((page) => ({ type: 'put', sublevel: store.rows, key: numberKey(page), value: rows.page(page) })),
  )
  const listeners = new Set<(change: Change) => void>()
  const refused = new LRUCache<string, Pick<Judgement, 'verdict' | 'code'>>({
    max: MAX_REFUSED,
    ttl: REFUSED_MS,
  })
  const counts = countRecords()
  const backoffs = takeBackoffs(counts, tell)
  const members = keepMembers(store, clock)
  const verdicts = takeVerdicts(memory, verify, counts)
  const removals = takeRemovals(memory, counts)
  const { circumstancesOf, newestClaim } = findCircumstances(memory, { counts, verdicts, removals, clock })
  let waiting = 0
  let closed = false

  async function add(bytes: Uint8Array, how: How): Promise<Added> {
    if (closed) throw stopping()
    if (bytes.length > MAX_RECORD_BYTES) return { verdict: 'reject', code: 'codec_oversize', id: null }
    const digest = digestOfRecord(bytes)
    const id = idOfDigest(digest)
    if (set.findId(digest) >= 0) return { verdict: 'ignore', code: 'record_known', id }
    const name = nameOfDigest(digest)
    const heard = backoffs.judgeKnown(digest, how)
    if (heard) return { ...heard, id }
    const earlier = refused.get(name)
    // what only the time may make right is asked for by every sync
    if (earlier && (earlier.verdict === 'reject' || how === 'sync')) return { ...earlier, id }
    if (how === 'gossip' && waiting >= MAX_WAITING) return { verdict: 'ignore', code: 'ledger_busy', id }
    if (verdicts.isEarly(digest)) return { verdict: 'ignore', code: 'shard_unknown', id }
    if (removals.isEarly(digest)) return { verdict: 'ignore', code: 'removal_unknown', id }
    const entry = await read(bytes, how)
    if (closed) throw stopping()
    const { judgement, written } =
      'kind' in entry ? take(entry, bytes, how) : { judgement: entry, written: null }
    const { verdict, code } = judgement
    if (verdict !== 'accept' && !OF_NOW.includes(code)) refused.set(name, { verdict, code })
    await written
    if (verdict === 'accept' && 'kind' in entry)
      // a failing disk is told by the next record that is added
      await Promise.allSettled(waitingFor(entry).map((early) => add(early.bytes, early.how)))
    return { verdict, code, id }
  }

  function waitingFor(entry: Entry) {
    if (entry.kind === 'shard') return verdicts.release(entry.value)
    return entry.kind === 'removal' ? removals.release(entry.value, entry.id) : []
  }

  async function read(bytes: Uint8Array, how: How): Promise<Entry | Judgement> {
    waiting++
    try {
      const entry = readRecord(await open(bytes, verify))
      return entry.kind === 'verdict' ? await readVerdict(entry, bytes, how) : entry
    } catch (fault) {
      return judgeFault(fault)
    } finally {
      waiting--
    }
  }

  /** Its proof is a second signature to be checked, unless it is refused whatever that says. */
  async function readVerdict(
    entry: EntryOf<'verdict'>,
    bytes: Uint8Array,
    how: How,
  ): Promise<Entry | Judgement> {
    const one = joined.get(entry.value.campaign.toString())
    const judgement = admit(entry, circumstancesOf(entry, one, how))
    if (judgement.code === 'shard_unknown' && how !== 'own')
      verdicts.wait(entry.value, digestOfId(entry.id), bytes, how)
    if (judgement.verdict !== 'accept') return judgement
    return (await verdicts.prove(entry.value)) ? entry : { verdict: 'reject', code: 'verdict_proof' }
  }

  /** All in one go, so that no other record comes between the judgement and what follows from it. */
  function take(entry: Entry, bytes: Uint8Array, how: How) {
    if (entry.kind === 'campaign') return takeCampaign(entry.id, entry.value, bytes, how)
    const one = joined.get(entry.value.campaign.toString())
    const known = circumstancesOf(entry, one, how)
    if (entry.kind === 'backoff')
      return { judgement: backoffs.take(entry.id, entry.value, how, known), written: null }
    const judgement = admit(entry, known)
    if (judgement.code === 'removal_unknown' && entry.kind === 'removal')
      removals.wait(entry.value, digestOfId(entry.id), bytes, how)
    if (judgement.verdict !== 'accept' || one === undefined) return { judgement, written: null }
    const peer = authorOf(entry)
    const writes: Write[] = []
    const number = numberOf(peer, writes)
    if (judgement.replaces) drop(one, set.findId(digestOfId(judgement.replaces)), writes)
    const digest = digestOfId(entry.id)
    set.insert(one, rowOf(entry, { digest, peer: number, campaign: one.number }, peers))
    writes.push({ type: 'put', sublevel: store.records, key: digest, value: bytes })
    const now = clock()
    if (entry.kind !== 'shard') counts.add(entry.kind, peer, how, now)
    members.note(one, number, activeAt(entry, how, now), writes)
    const written = disk.write(writes, how === 'own')
    const audit = entry.kind === 'verdict' ? entry.value : null
    const work = 'segment' in entry.value ? { segment: entry.value.segment, peer } : null
    tell({
      ...{ how, id: entry.id, kind: entry.kind, campaign: one.id, work, backoff: null },
      audit: audit && { producer: audit.producer, manifest: audit.manifest, ruling: audit.ruling },
    })
    return { judgement, written }
  }

  function takeCampaign(id: CID, campaign: Campaign, bytes: Uint8Array, how: How) {
    const judgement: Judgement =
      how !== 'own'
        ? { verdict: 'ignore', code: 'campaign_unasked' }
        : joined.has(id.toString())
          ? { verdict: 'ignore', code: 'campaign_known' }
          : admit({ kind: 'campaign', id, value: campaign }, { ...NOTHING, now: clock() })
    if (judgement.verdict !== 'accept') return { judgement, written: null }
    // its records may have come before it
    refused.clear()
    const number = 1 + Math.max(0, ...[...joined.values()].map((one) => one.number))
    joined.set(id.toString(), { ...makeShelf(number), id, campaign, members: new Map() })
    const written = disk.write(
      [
        { type: 'put', sublevel: store.campaigns, key: id.bytes, value: bytes },
        { type: 'put', sublevel: store.joined, key: numberKey(number), value: id.bytes },
      ],
      true,
    )
    tell({ how, id, kind: 'campaign', campaign: id, work: null, backoff: null, audit: null })
    return { judgement, written }
  }

  function numberOf(peer: Uint8Array, writes: Write[]): number {
    const known = peers.find(peer)
    if (known >= 0) return known
    const number = peers.add(peer)
    writes.push({ type: 'put', sublevel: store.peers, key: numberKey(number), value: peers.keyOf(number) })
    return number
  }

  function drop(one: Joined, row: number, writes: Write[]): void {
    const key = new Uint8Array(rows.digest(row))
    const kind = rows.word(row, 'kind')
    const ofIt = kind === SHARD ? verdictsOn(set, row) : []
    const takingBack = kind === REMOVAL ? removals.takingBack(row) : []
    set.remove(one, row)
    writes.push({ type: 'del', sublevel: store.records, key })
    for (const other of takingBack) drop(one, other, writes)
    // nobody takes in a verdict on a shard that it does not hold: all hold the same ones
    for (const verdict of ofIt)
      if (auditedShards(set, one.number, auditedBy(set, verdict)).length === 0) drop(one, verdict, writes)
  }

  function tell(change: Change): void {
    for (const listener of listeners) listener(change)
  }

  async function sweep(): Promise<void> {
    const now = clock()
    const writes: Write[] = []
    const byNumber = new Map([...joined.values()].map((one) => [one.number, one]))
    // a removed row's place is not taken before the walk is over
    for (let row = 0; row < rows.end(); row++)
      if (isOver(rows, row, now)) drop(byNumber.get(rows.word(row, 'campaign'))!, row, writes)
    for (const one of joined.values()) members.sweep(one, writes)
    if (writes.length > 0) await disk.write(writes)
  }

  /** What is removed stays so, whoever has left. */
  async function keepNotices(one: Joined): Promise<void> {
    await disk.settled()
    const digests = noticesOf(set, one.number)
    const envelopes = await store.records.getMany(digests)
    const writes = envelopes.flatMap((value, i): Write[] => {
      const key = noticeKey(one.id, idOfDigest(digests[i]!))
      return value ? [{ type: 'put', sublevel: store.notices, key, value }] : []
    })
    await disk.write(writes, true)
  }

  async function leave(one: Joined): Promise<void> {
    await keepNotices(one)
    joined.delete(one.id.toString())
    const writes: Write[] = [{ type: 'del', sublevel: store.joined, key: numberKey(one.number) }]
    // a shard takes the verdicts on it along
    for (const kind of [CLAIM, SHARD, REMOVAL, HEAD] as const)
      for (const row of set.ofKind(kind, one.number)) drop(one, row, writes)
    members.forget(one, writes)
    await disk.write(writes, true)
  }

  return {
    add,
    sweep,
    leave,
    newestClaim,
    /** all that is in the memory now is on the disk after it */
    settled: disk.settled,
    /** write pages of rows that have changed by themselves */
    writeRows: () => disk.write([]),
    wasRefused: (digest: Uint8Array): boolean => refused.has(nameOfDigest(digest)),
    subscribe(listener: (change: Change) => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close(): Promise<void> {
      closed = true
      await disk.settled()
    },
  }
}

/** Refusals that say nothing of the same record when it comes another way, or after another record. */
const OF_NOW = [
  ...['claim_flood', 'backoff_synced', 'shard_unknown', 'verdict_flood', 'verdict_late'],
  ...['removal_unknown', 'removal_flood', 'removal_fork_known', 'head_flood'],
]
const stopping = () => new ShoalError('ledger_closed', 'the ledger is closed: the node is stopping')

function authorOf({ kind, value }: Exclude<Entry, { kind: 'backoff' | 'campaign' }>): Uint8Array {
  if (kind === 'verdict') return value.verifier
  return kind === 'removal' || kind === 'head' ? value.source : value.peer
}
