import { createHash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import type { Verify } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { Claim } from '../../protocol/records/claim.ts'
import { segmentCount } from '../../protocol/rules/segment.ts'
import { compareBytes, type Holding, isOver } from '../../protocol/rules/select.ts'
import { encodeFingerprints } from '../../protocol/sync/fingerprints.ts'
import { ACTIVE_MS } from '../../protocol/timing.ts'
import type { Store } from '../store/store.ts'
import { answerSync } from './answer-sync.ts'
import {
  countHeld,
  holdingOf,
  type KnownShard,
  lastShardOf,
  shardsOf,
  touchedSegments,
  type Which,
} from './holdings.ts'
import { type Added, type Change, type How, makeIntake } from './intake.ts'
import { type Joined, loadMemory } from './load.ts'
import { digestOfId } from './record-id.ts'
import { startSync } from './sync.ts'
import type { Channel, SyncOptions, SyncResult } from './sync-session.ts'

export { verifyInPool } from './verify-in-pool.ts'
export type { Added, Change, Channel, How, KnownShard, SyncOptions, SyncResult }

export interface Counts {
  segments: number
  done: number
  /** with a live claim and no shard */
  held: number
  free: number
  /** records */
  claims: number
  shards: number
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
  /** Forget a campaign's records. Its own record stays in the store. */
  leave(campaign: CID): Promise<void>
  campaigns(): { id: CID; campaign: Campaign }[]
  /** A record's envelope by its id: of a claim or a shard, or null. */
  find(id: CID): Promise<Uint8Array | null>
  /** The newest claim that is known of a peer on a segment; null where it is over. */
  claimOf(campaign: CID, segment: number, peer: Uint8Array): { id: CID; value: Claim } | null
  holding(campaign: CID, segment: number): Holding
  /** Every shard that is known of a segment, in no order. */
  shardsOf(campaign: CID, segment: number): KnownShard[]
  /** The shard with the highest `seq` that is known of a peer, in all campaigns. */
  lastShardOf(peer: Uint8Array): KnownShard | null
  /** Every segment that is held or done, in order; or some of them. */
  holdings(campaign: CID, which?: Which): { segment: number; holding: Holding }[]
  /** Keys of the peers that a record of the last day is of, for the rules that share out segments. */
  activePeers(campaign: CID): Uint8Array[]
  counts(campaign: CID): Counts
  /** Hex; equal for nodes that hold the same records: of one campaign, or of all that this node has joined. */
  digest(campaign?: CID): string
  /** @returns what ends it */
  subscribe(listener: (change: Change) => void): () => void
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

/** Open the ledger that lies in the node's database. @throws ShoalError `ledger_broken` */
export async function openLedger({ store, verify, clock }: LedgerOptions): Promise<Ledger> {
  const memory = await loadMemory(store, verify)
  const { joined, peers, set } = memory
  const intake = makeIntake({ store, verify, clock }, memory)
  const { add, sweep, subscribe } = intake
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
    lastShardOf: (peer) => lastShardOf(set, peers, peer),
    holdings(campaign, which = {}) {
      const one = joinedOf(campaign)
      const now = clock()
      return touchedSegments(set, one, now, which).map((segment) => ({
        segment,
        holding: holdingOf(set, peers, one.number, segment, now),
      }))
    },
    activePeers(campaign) {
      const since = clock() - ACTIVE_MS
      return [...joinedOf(campaign).members].filter(([, at]) => at > since).map(([peer]) => peers.keyOf(peer))
    },
    counts(campaign) {
      const one = joinedOf(campaign)
      const segments = segmentCount(one.campaign)
      const held = countHeld(set, one, clock())
      const { done, claims, shards } = one
      return { segments, done, held, free: segments - done - held, claims, shards, peers: one.members.size }
    },
    digest(campaign) {
      const all = campaign ? [joinedOf(campaign)] : [...joined.values()]
      const hash = createHash('sha256')
      for (const one of all.sort((a, b) => compareBytes(a.id.bytes, b.id.bytes)))
        hash.update(one.id.bytes).update(encodeFingerprints(one.fingerprints))
      return hash.digest('hex')
    },
    subscribe,
    sync: (campaign, channel, options = {}) => startSync(side, joinedOf(campaign), channel, options),
    answer: (channel, options = {}) => answerSync(side, channel, options),
    async close() {
      clearInterval(timer)
      await intake.close()
    },
  }
}
