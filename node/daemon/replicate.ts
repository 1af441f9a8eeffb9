import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import type { ShoalError } from '../../protocol/errors.ts'
import { decodeManifest } from '../../protocol/records/manifest.ts'
import { fetchOne, fetchShard, findSources, openPool, type SourcePool } from '../fetch/fetch.ts'
import type { Home } from '../home.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import type { Network } from '../network/network.ts'
import { addPin, findPin, holdRoot, listPinned, removePin } from '../pins/pins.ts'
import { makeBell } from './bell.ts'
import { type Candidate, drawCandidates } from './choose-replicas.ts'

/** Milliseconds between two looks what there is to be kept: verdicts come in by the minute. */
const LOOK_MS = 60_000
/** Shards of which it is looked up how often they are kept, at a look, and how many of those are fetched. */
const COUNTED = 16
const FETCHED = 4
/** Replicas of which it is looked up again how often they are kept elsewhere, at a look. */
const RECOUNTED = 4
/** Nodes besides this one that are enough: one of them is mostly there, if a node is there for a third of the time. */
const ENOUGH = 4
/** Milliseconds until a shard that could not be had is tried again. */
const FAILED_MS = 30 * 60_000
const MAX_FAILED = 10_000
/** Bytes of a shard beside its files: manifest and the nodes that name their leaves. */
const NODES_SHARE = 0.01
/** Part of the disk's limit that replicas leave free for work. */
const LEFT_FREE = 0.05

export interface ReplicatorOptions {
  log: Log
  clock: () => number
  /** bytes of others' shards that this node keeps; null: no more than it has, and those as long as there is room */
  maxBytes: number | null
  /** bytes that the data directory may take now, or null */
  diskBytes: () => number | null
  /** whether the volunteer lets this machine work now; if not, what is at work is put down */
  mayWork: () => boolean
  /** bytes that are left on the disk */
  room: () => Promise<number>
  isReady: (campaign: CID) => boolean
  /** told when a shard is kept from now on, or no longer */
  onChange: () => void
  /** told when there are blocks to be collected */
  onUnpin: () => void
  /** told when it can not go on */
  onFatal: (error: ShoalError) => void
  /** in place of LOOK_MS, for tests */
  lookMs?: number | undefined
}

/** What a node keeps of others' shards for their sake. */
export interface ReplicaStatus {
  /** as the volunteer has set it */
  maxBytes: number | null
  shards: number
  bytes: number
  /** the shard that is fetched now */
  current: { manifest: string; done: number; bytes: number } | null
}

interface Replica {
  cid: CID
  bytes: number
  /** other nodes that provide it; null before it was looked up */
  others: number | null
}

interface Parts {
  home: Home
  ledger: Ledger
  network: Pick<Network, 'blockSource' | 'findProviders' | 'members' | 'peers' | 'shun'>
}

/**
 * Keep verified shards of others, up to a size, those first that the fewest nodes provide. What is refused goes at once;
 * when room is needed, those go first that the most nodes provide.
 */
export function startReplicator({ home, ledger, network }: Parts, options: ReplicatorOptions) {
  const { log, clock, maxBytes, mayWork, onChange, lookMs = LOOK_MS } = options
  /** by the manifest's name, that which was looked up longest ago first */
  const replicas = new Map<string, Replica>()
  const failed = new LRUCache<string, true>({ max: MAX_FAILED, ttl: FAILED_MS })
  const bell = makeBell()
  let stop = new AbortController()
  let current: ReplicaStatus['current'] = null
  let ending = false

  const total = () => replicas.values().reduce((sum, { bytes }) => sum + bytes, 0)

  async function load(): Promise<void> {
    for await (const { cid, why, bytes } of listPinned(home.store))
      if (why === 'replica') replicas.set(cid.toString(), { cid, bytes: bytes ?? 0, others: null })
  }

  async function drop(replica: Replica, reason: string): Promise<void> {
    const name = replica.cid.toString()
    replicas.delete(name)
    // the user may have taken it over
    if ((await findPin(home.store, replica.cid))?.why !== 'replica') return
    await removePin(home, replica.cid, { clock })
    log.info({ manifest: name, why: reason }, 'a replica is kept no longer')
    onChange()
    options.onUnpin()
  }

  const countOthers = async (manifest: CID) =>
    (await network.findProviders(manifest, { signal: stop.signal })).length

  /** The most provided first; among equals in any order. */
  function dispensable(): Replica[] {
    return [...replicas.values()]
      .map((replica) => ({ replica, others: replica.others ?? 0, at: Math.random() }))
      .sort((a, b) => b.others - a.others || a.at - b.at)
      .map(({ replica }) => replica)
  }

  /** @returns whether there were any to drop */
  async function dropSome(bytes: number, reason: string): Promise<boolean> {
    let dropped = 0
    for (const replica of dispensable()) {
      if (dropped >= bytes) break
      await drop(replica, reason)
      // an empty one as well
      dropped += Math.max(1, replica.bytes)
    }
    return dropped > 0
  }

  async function recount(): Promise<void> {
    for (const [name, replica] of [...replicas].slice(0, RECOUNTED)) {
      replica.others = await countOthers(replica.cid)
      if (replicas.delete(name)) replicas.set(name, replica)
    }
  }

  async function look(limit: number): Promise<void> {
    const campaigns = ledger.campaigns().flatMap(({ id }) => (options.isReady(id) ? [id] : []))
    const held = new Set(replicas.keys())
    const drawn = await drawCandidates(ledger, campaigns, {
      ...{ self: home.signer.publicKey, held, count: COUNTED },
    })
    for (const name of drawn.refused) await drop(replicas.get(name)!, 'refused')
    await recount()
    const over = total() - limit
    if (over > 0) await dropSome(over, 'more than may be kept')
    const counted: { candidate: Candidate; others: number }[] = []
    for (const candidate of drawn.candidates) {
      const { manifest } = candidate.shard
      if (failed.has(manifest.toString()) || (await findPin(home.store, manifest))) continue
      counted.push({ candidate, others: await countOthers(manifest) })
    }
    counted.sort((a, b) => a.others - b.others)
    for (const { candidate, others } of counted.slice(0, FETCHED)) {
      if (stop.signal.aborted || !mayWork()) return
      await keep(candidate, others, limit).catch((error: ShoalError) => {
        current = null
        if (stop.signal.aborted) return
        const { code = 'unexpected', message } = error
        failed.set(candidate.shard.manifest.toString(), true)
        log.debug({ manifest: candidate.shard.manifest.toString(), code, message }, 'no replica of a shard')
      })
    }
  }

  async function keep({ id, shard }: Candidate, others: number, limit: number): Promise<void> {
    const { signal } = stop
    const { manifest } = shard
    const name = manifest.toString()
    const envelope = await ledger.find(shard.id)
    if (!envelope) return
    const release = holdRoot(home.blocks, manifest)
    const onForged = (peer: string) => void network.shun(peer)
    const sources = findSources(network, { root: manifest, campaign: id }, signal)
    const pool = openPool(sources, { log, signal, onForged })
    try {
      const bytes = await sizeOf(manifest, pool)
      if (!(await makeRoom(bytes, others, limit))) return
      const work = { manifest: name, done: 0, bytes }
      current = work
      const onProgress = ({ done }: { done: number }) => void Object.assign(work, { done })
      await fetchShard(home, manifest, envelope, { pool, maxBytes: bytes, onProgress })
      signal.throwIfAborted()
      const pin = await addPin(home, manifest, 'replica', clock)
      if (pin.why === 'replica') replicas.set(name, { cid: manifest, bytes: pin.bytes ?? bytes, others })
      log.info({ manifest: name, bytes, others }, 'a replica is kept')
      onChange()
    } finally {
      pool.close()
      release()
      current = null
    }
  }

  /** What a shard will take. */
  async function sizeOf(manifest: CID, pool: SourcePool): Promise<number> {
    const block = await fetchOne({ blocks: home.blocks, pool }, manifest)
    const { files } = decodeManifest(block)
    return Math.ceil(files.reduce((sum, { bytes }) => sum + bytes, 0) * (1 + NODES_SHARE)) + block.length
  }

  /** Replicas that enough others provide make room for one that fewer do. @returns whether there is room */
  async function makeRoom(bytes: number, others: number, limit: number): Promise<boolean> {
    if (bytes > limit) return false
    if ((await options.room()) - bytes < (options.diskBytes() ?? 0) * LEFT_FREE) return false
    const excess = () => total() + bytes - limit
    for (const replica of dispensable()) {
      if (excess() <= 0) break
      const isEnough = (count: number) => count >= ENOUGH && count > others + 1
      if (!isEnough(replica.others ?? 0)) break
      // of many nodes that look at the same time not all may drop it
      if (Math.random() * (replica.others! + 1) >= 1) continue
      replica.others = await countOthers(replica.cid)
      if (isEnough(replica.others)) await drop(replica, 'others have it')
    }
    return excess() <= 0
  }

  const forget = ledger.subscribeStates(({ manifest, state }) => {
    if (state === 'refused' && replicas.has(manifest.toString())) bell.ring()
  })

  async function loop(): Promise<void> {
    await load()
    while (!ending) {
      await bell.wait(lookMs)
      if (ending || maxBytes === null || !mayWork()) continue
      stop = new AbortController()
      await look(maxBytes).catch((error: ShoalError) => {
        if (!stop.signal.aborted)
          log.warn({ code: error.code, message: error.message }, 'replicas were not looked for')
      })
    }
  }
  const ended = loop().catch(options.onFatal).finally(forget)

  return {
    status: (): ReplicaStatus => ({ maxBytes, shards: replicas.size, bytes: total(), current }),
    /** Give up replicas of so many bytes, or all there are. @returns whether there were any */
    drop: (bytes: number) => dropSome(bytes, 'the disk is full'),
    /** The user has removed a pin. */
    forget: (manifest: CID) => void replicas.delete(manifest.toString()),
    /** Look whether it is time to work or to rest. */
    look() {
      if (!mayWork()) stop.abort()
    },
    end() {
      ending = true
      stop.abort()
      bell.ring()
    },
    ended,
  }
}
