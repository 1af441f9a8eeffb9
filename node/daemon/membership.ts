import { setTimeout as sleep } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { checkCampaign, fetchLists } from '../campaigns/campaigns.ts'
import type { Home } from '../home.ts'
import type { Channel, Ledger, SyncResult } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import type { Answers, Frames, Network } from '../network/network.ts'
import { adoptHead } from '../shard/shard.ts'

/** Peers that are asked for what they know before the first claim. */
const FIRST_SYNCS = 3
/** Peers that are asked for all they know, and how often each: of a large campaign one sync tells a part. */
const MAX_TRIED = 10
const MAX_ROUNDS = 20
/** Milliseconds that a node waits for a peer before it takes itself to be alone. */
const LONELY_MS = 3_000
const LOOK_MS = 100
/** Milliseconds between two syncs with a random peer. */
const SYNC_EVERY_MS = 30_000

/** What this node tells its peers; records of the campaigns alone that it takes part in. */
export function answerPeers(
  { store, signer }: Home,
  ledger: Ledger,
  file: Answers['file'],
  shun: (peer: string) => void,
): Answers {
  const joined = (id: CID) => ledger.campaigns().some((one) => one.id.equals(id))
  return {
    campaign: async (id) => (joined(id) ? ((await store.campaigns.get(id.bytes)) ?? null) : null),
    async record(campaign, segment) {
      if (!joined(campaign)) return null
      const holding = ledger.holding(campaign, segment)
      if (holding.state === 'done') {
        const shard = ledger.shardsOf(campaign, segment).find((one) => one.manifest.equals(holding.manifest))
        return shard ? ledger.find(shard.id) : null
      }
      // where nobody holds it, how this node gave it up
      const peer = holding.state === 'held' ? holding.peer : signer.publicKey
      const claim = ledger.claimOf(campaign, segment, peer)
      return claim && ledger.find(claim.id)
    },
    file,
    sync: (frames, from) => ledger.answer(channelOf(frames), { onMisbehaviour: () => shun(from) }),
  }
}

const channelOf = ({ read, write }: Frames): Channel => ({
  read: () => read(),
  write: (bytes) => write(bytes),
})

export interface Membership {
  /** Fetch a campaign and its lists, and take part. @throws ShoalError `campaign_unfound`, `block_missing`, … */
  join(id: CID): Promise<void>
  leave(id: CID): Promise<void>
  /** Take part in what the ledger has joined. */
  enter(id: CID): Promise<void>
  /** Learn what up to three members know. @returns whether one of them has told all */
  refresh(id: CID): Promise<boolean>
  /** whether the first syncs are over, and its model is here */
  isReady(id: CID): boolean
  close(): Promise<void>
}

export interface MembershipOptions {
  log: Log
  /** Get what a campaign's segments need. @returns whether it is here; not, where it was called off */
  prepare: (id: CID) => Promise<boolean>
  /** told when segments may be taken */
  onReady: () => void
  onLeave: (id: CID) => void
  syncEveryMs?: number | undefined
}

export function startMembership(
  { store, blocks, signer }: Home,
  ledger: Ledger,
  network: Network,
  { log, prepare, onReady, onLeave, syncEveryMs = SYNC_EVERY_MS }: MembershipOptions,
): Membership {
  const closing = new AbortController()
  const { signal } = closing
  const ready = new Map<string, boolean>()
  const leaving = new Map<string, () => void>()

  async function members(id: CID): Promise<string[]> {
    const known = network.listeners(id)
    return shuffle(known.length > 0 ? known : (await network.peers()).map((peer) => peer.id))
  }

  /** @returns null where it did not come to an end */
  async function syncWith(peer: string, id: CID): Promise<SyncResult | null> {
    let result: SyncResult | null = null
    try {
      result = await network.sync(
        peer,
        (frames) =>
          ledger.sync(id, channelOf(frames), { signal, onMisbehaviour: () => void network.shun(peer) }),
        { signal },
      )
    } catch (error) {
      if (!signal.aborted) log.debug({ peer, reason: (error as Error).message }, 'a sync ended early')
    }
    // a data directory that was restored from a copy lacks the shards that came after it
    const last = signal.aborted ? null : ledger.lastShardOf(signer.publicKey)
    if (last)
      await adoptHead({ store, signer }, last).catch((error: Error) =>
        log.error({ error }, 'the chain of shards may fork: the database can not be written'),
      )
    return result
  }

  /** Sync with some members, who are waited for where none is here yet. @returns whether one of them has told all */
  async function syncWithSome(id: CID): Promise<boolean> {
    const end = performance.now() + LONELY_MS
    let peers = await members(id)
    while (peers.length === 0 && performance.now() < end && !signal.aborted) {
      await sleep(LOOK_MS)
      peers = await members(id)
    }
    if (peers.length === 0) peers = await network.findProviders(id, { signal })
    const told = await Promise.all(peers.slice(0, FIRST_SYNCS).map((peer) => syncWith(peer, id)))
    return told.some((result) => result?.complete)
  }

  /** The same, until somebody has told all. */
  async function refresh(id: CID): Promise<boolean> {
    if (await syncWithSome(id)) return true
    let tried = 0
    for await (const peer of network.members(id, { signal })) {
      if (tried++ >= MAX_TRIED || signal.aborted) return false
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const result = await syncWith(peer, id)
        if (result?.complete) return true
        if (!result || result.received === 0) break
      }
    }
    return false
  }

  async function enter(id: CID): Promise<void> {
    const name = id.toString()
    if (ready.has(name)) return
    ready.set(name, false)
    const stop = network.subscribe(id, {
      validate: async (bytes) => (await ledger.add(bytes, 'gossip')).verdict,
    })
    leaving.set(name, stop)
    network.provide(id)
    // what was published when the process ended may not have been told
    for await (const envelope of store.shards.values()) await ledger.add(new Uint8Array(envelope), 'own')
    await syncWithSome(id)
    for await (const envelope of store.audits.values()) await ledger.add(new Uint8Array(envelope), 'own')
    // it may have been left meanwhile
    if (leaving.get(name) !== stop) return
    if (!(await prepare(id)) || leaving.get(name) !== stop) return
    ready.set(name, true)
    onReady()
  }

  const timer = setInterval(async () => {
    for (const { id } of ledger.campaigns()) {
      const [peer] = await members(id)
      if (peer !== undefined) await syncWith(peer, id)
    }
  }, syncEveryMs)

  return {
    enter,
    refresh,
    isReady: (id) => ready.get(id.toString()) ?? false,
    async join(id) {
      const envelope = (await store.campaigns.get(id.bytes)) ?? (await network.fetchCampaign(id, { signal }))
      if (!envelope)
        throw new ShoalError(
          'campaign_unfound',
          `nobody here has campaign ${id}: name a node that has it with --peer, or try again later`,
        )
      const campaign = await checkCampaign(id, envelope)
      await fetchLists(blocks, campaign, (block) => network.fetchBlock(id, block, { signal }))
      await ledger.add(envelope, 'own')
      void enter(id).catch((error: Error) => log.error({ error }, 'a campaign was not entered'))
    },
    async leave(id) {
      leaving.get(id.toString())?.()
      leaving.delete(id.toString())
      ready.delete(id.toString())
      onLeave(id)
      await network.withdraw(id)
      await ledger.leave(id)
    },
    async close() {
      clearInterval(timer)
      closing.abort()
      for (const stop of leaving.values()) stop()
    },
  }
}

function shuffle<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
