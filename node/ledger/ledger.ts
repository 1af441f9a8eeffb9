import { createHash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import type { Verify } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { Claim } from '../../protocol/records/claim.ts'
import type { Verdict } from '../../protocol/records/verdict.ts'
import type { ShardState } from '../../protocol/rules/quorum.ts'
import { segmentCount } from '../../protocol/rules/segment.ts'
import { compareBytes, type Holding, isOver } from '../../protocol/rules/select.ts'
import type { Policy } from '../../protocol/rules/standing.ts'
import { encodeFingerprints } from '../../protocol/sync/fingerprints.ts'
import { ACTIVE_MS } from '../../protocol/timing.ts'
import type { Store } from '../store/store.ts'
import { answerSync } from './answer-sync.ts'
import {
  countHeld,
  holdingOf,
  isOut,
  type KnownShard,
  lastShardOf,
  shardsOf,
  touchedSegments,
  type Which,
} from './holdings.ts'
import { type Added, type Change, type How, makeIntake } from './intake.ts'
import { type StateChange, startJudging } from './judge.ts'
import type { JudgedShard, Judgements } from './judgements.ts'
import { type KnownRemovals, viewRemovals, vouchedUntil } from './known-removals.ts'
import { type Joined, loadMemory } from './load.ts'
import { digestOfId, idOfDigest } from './record-id.ts'
import { segmentStates } from './segment-states.ts'
import { STATES } from './states.ts'
import { startSync } from './sync.ts'
import type { Channel, SyncOptions, SyncResult } from './sync-session.ts'
import { readVerdict } from './tally-rows.ts'

export { noticeKey } from './notices.ts'
export { SEGMENT_STATES, type SegmentState } from './segment-states.ts'
export { readShard } from './tally-rows.ts'
export { verifyInPool } from './verify-in-pool.ts'
export type {
  Added,
  Change,
  Channel,
  How,
  JudgedShard,
  Judgements,
  KnownRemovals,
  KnownShard,
  StateChange,
  SyncOptions,
  SyncResult,
}

export interface Counts {
  segments: number
  /** with a shard that is not refused */
  done: number
  /** with a live claim and no shard but refused ones */
  held: number
  free: number
  /** records */
  claims: number
  shards: number
  verdicts: number
  /** removals, also those that are over or taken back */
  removals: number
  /** until when some custodian's word on what it has removed holds, milliseconds since 1970; null where none does now */
  vouchedUntil: number | null
  /** shards by their state, as the campaign's own policy has it */
  states: Record<ShardState, number>
  /** peers active here in the last day */
  peers: number
}

/**
 * The records of the campaigns that this node takes part in. Views of a campaign that it has not joined throw
 * ShoalError `campaign_unknown`.
 */
export interface Ledger {
  /**
   * Take a record in: open its envelope, read it, and ask the rules. Settles when an accepted record is on the disk,
   * its own by way of fsync. A campaign is joined by adding its record as one's own; nobody else can make this node
   * join one. A back-off is told to subscribers, and not kept.
   *
   * @throws ShoalError `ledger_write`, `ledger_closed`; never for the bytes' sake
   */
  add(bytes: Uint8Array, how: How): Promise<Added>
  /** Forget a campaign's records. Its own stays in the store, its removals and heads go to `notices` there. */
  leave(campaign: CID): Promise<void>
  campaigns(): { id: CID; campaign: Campaign }[]
  /** A record's envelope by its id: of a claim, a shard, a verdict, a removal or a head, or null. */
  find(id: CID): Promise<Uint8Array | null>
  /** The newest claim that is known of a peer on a segment; null where it is over. */
  claimOf(campaign: CID, segment: number, peer: Uint8Array): { id: CID; value: Claim } | null
  /**
   * Whose a segment is. Refused shards don't make it done; claims of a peer who has a refused shard of it don't count.
   */
  holding(campaign: CID, segment: number): Holding
  /** Whether a peer leaves a segment to others, since a shard of it is refused that the peer has signed. */
  isOut(campaign: CID, segment: number, peer: Uint8Array): boolean
  /** Every shard that is known of a segment, in no order. */
  shardsOf(campaign: CID, segment: number): KnownShard[]
  /** The shard with the highest `seq` that is known of a peer, in all campaigns. */
  lastShardOf(peer: Uint8Array): KnownShard | null
  /** The verdicts on a manifest, whoever has signed shards of it; in the order of their ids, at most `limit` of them. */
  verdictsOf(campaign: CID, manifest: CID, limit?: number): Promise<{ id: CID; verdict: Verdict }[]>
  /**
   * The state of every shard and the standing of every peer by the campaign's own policy (see protocol/rules/standing.ts),
   * of all records that were known when asked, or more. It is kept, and found anew when records have come: it may take
   * some tenths of a second, with 100,000 shards some ten seconds; the event loop stays free.
   */
  judgements(campaign: CID): Promise<Judgements>
  /** The same by a consumer's policy, found at once. */
  judge(campaign: CID, policy: Policy): Promise<Judgements>
  /** What is removed from a campaign. */
  removalsOf(campaign: CID): KnownRemovals
  /** Every segment that is held or done, in order; or some of them. */
  holdings(campaign: CID, which?: Which): { segment: number; holding: Holding }[]
  /** How every segment stands, in one go. @param self - this node's key. @returns of each its place in SEGMENT_STATES */
  segmentStates(campaign: CID, self: Uint8Array): Uint8Array
  /** Keys of the peers that a record of the last day is of, for the rules that share out segments. */
  activePeers(campaign: CID): Uint8Array[]
  counts(campaign: CID): Counts
  /** Hex; equal for nodes that hold the same records: of one campaign, or of all that this node has joined. */
  digest(campaign?: CID): string
  /** @returns what ends it */
  subscribe(listener: (change: Change) => void): () => void
  /** Told when a shard's state changes by the campaign's own policy, which is a moment after the records. */
  subscribeStates(listener: (change: StateChange) => void): () => void
  /** Drop what is over: claims, and peers that were long quiet. It happens by itself once a minute as well. */
  sweep(): Promise<void>
  /**
   * Even out one campaign with a peer: each sends the other what it lacks. Bounded; a large difference takes several.
   *
   * @throws ShoalError `sync_*`; whatever the channel throws
   */
  sync(campaign: CID, channel: Channel, options?: SyncOptions): Promise<SyncResult>
  /** The other side of `sync`, for whichever campaign the peer asks about. */
  answer(channel: Channel, options?: SyncOptions): Promise<SyncResult>
  close(): Promise<void>
}

interface LedgerOptions {
  store: Store
  /** `verifyInPool`, unless a test counts the calls */
  verify: Verify
  /** milliseconds since 1970 */
  clock: () => number
}

const SWEEP_EVERY_MS = 60_000
/** Verdicts on one shard that are shown, unless more are asked for: far beyond those that may count. */
const MAX_LISTED = 1_000

/** Open the ledger that lies in the node's database. @throws ShoalError `ledger_broken` */
export async function openLedger({ store, verify, clock }: LedgerOptions): Promise<Ledger> {
  const memory = await loadMemory(store, verify)
  const { joined, peers, set } = memory
  const intake = makeIntake({ store, verify, clock }, memory)
  const { add, sweep, subscribe } = intake
  const judging = startJudging({ store, ...intake }, memory)
  subscribe(({ campaign, kind }) => {
    const one = joined.get(campaign.toString())
    if (one && (kind === 'shard' || kind === 'verdict')) judging.note(one)
  })
  const side = {
    add,
    sweep,
    find,
    set,
    campaignOf: (id: CID) => joined.get(id.toString()) ?? null,
    wasRefused: intake.wasRefused,
  }

  function joinedOf(id: CID): Joined {
    const one = joined.get(id.toString())
    if (one) return one
    throw new ShoalError('campaign_unknown', `this node has not joined campaign ${id}: join it first`)
  }

  async function find(id: CID): Promise<Uint8Array | null> {
    return (await store.records.get(digestOfId(id))) ?? null
  }

  async function findSettled(id: CID): Promise<Uint8Array | null> {
    await intake.settled()
    return find(id)
  }

  const timer = setInterval(() => {
    // a failing disk is told by the next record that is added
    sweep().catch(() => {})
  }, SWEEP_EVERY_MS).unref()

  return {
    add,
    leave: async (campaign) => intake.leave(joinedOf(campaign)),
    find,
    sweep,
    campaigns: () => [...joined.values()].map(({ id, campaign }) => ({ id, campaign })),
    claimOf(campaign, segment, peer) {
      const number = peers.find(peer)
      const newest = number < 0 ? null : intake.newestClaim(joinedOf(campaign), segment, number)
      return newest === null || isOver(newest.value, clock()) ? null : newest
    },
    holding: (campaign, segment) => holdingOf(set, peers, joinedOf(campaign).number, segment, clock()),
    shardsOf: (campaign, segment) => shardsOf(set, peers, joinedOf(campaign).number, segment),
    isOut(campaign, segment, peer) {
      const number = peers.find(peer)
      return number >= 0 && isOut(set, joinedOf(campaign).number, segment, number)
    },
    async verdictsOf(campaign, manifest, limit = MAX_LISTED) {
      const ids = Array.from(set.ofManifest(joinedOf(campaign).number, digestOfId(manifest)), (row) =>
        idOfDigest(new Uint8Array(set.rows.digest(row))),
      ).sort((a, b) => compareBytes(a.bytes, b.bytes))
      await intake.settled()
      const found = await Promise.all(ids.slice(0, limit).map(find))
      return found.flatMap((envelope, i) =>
        // one may have been replaced by now
        envelope === null ? [] : { id: ids[i]!, verdict: readVerdict(envelope) },
      )
    },
    removalsOf: (campaign) => viewRemovals({ peers, set, find: findSettled, verify }, joinedOf(campaign)),
    judgements: async (campaign) => judging.judgements(joinedOf(campaign)),
    judge: async (campaign, policy) => judging.judge(joinedOf(campaign), policy),
    lastShardOf: (peer) => lastShardOf(set, peers, peer),
    holdings(campaign, which = {}) {
      const one = joinedOf(campaign)
      const now = clock()
      return touchedSegments(set, one, now, which).map((segment) => ({
        segment,
        holding: holdingOf(set, peers, one.number, segment, now),
      }))
    },
    segmentStates(campaign, self) {
      const one = joinedOf(campaign)
      const segments = segmentCount(one.campaign)
      return segmentStates(set, one, { segments, self: peers.find(self), now: clock() })
    },
    activePeers(campaign) {
      const since = clock() - ACTIVE_MS
      return [...joinedOf(campaign).members].filter(([, at]) => at > since).map(([peer]) => peers.keyOf(peer))
    },
    counts(campaign) {
      const one = joinedOf(campaign)
      const segments = segmentCount(one.campaign)
      const held = countHeld(set, one, clock())
      const { done, claims, shards, verdicts, removals } = one
      const states = Object.fromEntries(STATES.map((state, i) => [state, one.states[i]!]))
      return {
        ...{ segments, done, held, free: segments - done - held, claims, shards, verdicts, removals },
        states: states as Record<ShardState, number>,
        vouchedUntil: vouchedUntil(set, one.number, clock()),
        peers: one.members.size,
      }
    },
    digest(campaign) {
      const all = campaign ? [joinedOf(campaign)] : [...joined.values()]
      const hash = createHash('sha256')
      for (const one of all.sort((a, b) => compareBytes(a.id.bytes, b.id.bytes)))
        hash.update(one.id.bytes).update(encodeFingerprints(one.fingerprints))
      return hash.digest('hex')
    },
    subscribe,
    subscribeStates: judging.subscribe,
    sync: (campaign, channel, options = {}) => startSync(side, joinedOf(campaign), channel, options),
    answer: (channel, options = {}) => answerSync(side, channel, options),
    async close() {
      clearInterval(timer)
      await judging.close()
      await intake.close()
    },
  }
}
