import type { Libp2p, PeerInfo } from '@libp2p/interface'
import { type KadDHT, kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht'
import { anySignal } from 'any-signal'
import type { Datastore, Key } from 'interface-datastore'
import type { CID } from 'multiformats/cid'
import PQueue from 'p-queue'
import { DHT_PROTOCOL } from '../../protocol/topics.ts'
import type { Log } from '../log.ts'
import {
  LOOKUP_MS,
  MAX_LATER_PROVIDES,
  MAX_PROVIDERS,
  MAX_PROVIDES,
  PROVIDE_AGAIN_MS,
  PROVIDE_MS,
} from './limits.ts'

export interface Providers {
  /**
   * Become a provider of a key, and stay one until it is withdrawn: it is announced again every 24 hours, and as the
   * network grows. Announcing takes seconds; while there is nobody to tell, it waits.
   *
   * @param later - it may take hours: the other keys don't wait for it
   */
  provide(key: CID, options?: { later?: boolean }): void
  /** Let it expire: others may still name this node for up to 48 hours. */
  withdraw(key: CID): Promise<void>
  /**
   * Look up who provides a key. Where the network is slow, what was found in time.
   *
   * @param limit - end as soon as so many are found, MAX_PROVIDERS at most
   * @returns ids of peers, this node not among them; their addresses are known from then on
   */
  findProviders(key: CID, options?: { signal?: AbortSignal; limit?: number }): Promise<string[]>
  /** how many peers the routing table holds */
  tableSize(): number
}

/** `auto` answers queries once the node has a public address. */
export type DhtMode = 'auto' | 'client' | 'server'

/** What exists in the DHT but not in its public types. */
interface Table extends EventTarget {
  size: number
}
const tableOf = (dht: KadDHT) => (dht as unknown as { routingTable: Table }).routingTable

/** @param privateAddresses - whether addresses of the LAN and of this machine are worth knowing */
export function makeDht(mode: DhtMode, privateAddresses: boolean): ReturnType<typeof kadDHT> {
  return kadDHT({
    protocol: DHT_PROTOCOL,
    peerInfoMapper: privateAddresses ? passthroughMapper : removePrivateAddressesMapper,
    // with it, libp2p's search for relays spins without end while there is nobody; without it, queries wait for
    // somebody, so that none is begun here before that
    allowQueryWithZeroPeers: false,
    reprovide: { concurrency: MAX_PROVIDES },
    ...(mode === 'auto' ? {} : { clientMode: mode === 'client' }),
  })
}

export function startProviders(
  libp2p: Libp2p,
  dht: KadDHT,
  log: Log,
): Providers & { close(): Promise<void> } {
  const queue = new PQueue({ concurrency: MAX_PROVIDES })
  const laterQueue = new PQueue({ concurrency: MAX_LATER_PROVIDES })
  const table = tableOf(dht)
  const closing = new AbortController()
  /** what is provided, and how many peers the table held when it was last announced; 0 where nobody heard it */
  const wanted = new Map<string, Wanted>()

  function announce(entry: Wanted): void {
    if (entry.queued || table.size === 0) return
    entry.queued = true
    const work = async () => {
      if (wanted.get(entry.key.toString()) !== entry) return
      const size = table.size
      try {
        entry.announcedTo = (await tell(entry.key)) > 0 ? size : 0
      } catch (error) {
        entry.announcedTo = 0
        log.debug({ reason: (error as Error).message }, 'a key was not announced')
      }
      entry.queued = false
      if (entry.announcedTo === 0) announceWithin(PROVIDE_AGAIN_MS)
    }
    void (entry.later ? laterQueue : queue).add(work)
  }

  async function tell(key: CID): Promise<number> {
    let told = 0
    const signal = anySignal([closing.signal, AbortSignal.timeout(PROVIDE_MS)])
    try {
      for await (const event of dht.provide(key, { signal }))
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') told++
    } finally {
      signal.clear()
    }
    return told
  }

  let later: NodeJS.Timeout | undefined
  let due = Infinity
  function announceWithin(ms: number): void {
    if (closing.signal.aborted || due <= Date.now() + ms) return
    clearTimeout(later)
    due = Date.now() + ms
    later = setTimeout(() => {
      due = Infinity
      // keys belong with the peers nearest to them, and in a table that has doubled those are others
      for (const entry of wanted.values()) if (table.size >= 2 * entry.announcedTo) announce(entry)
    }, ms).unref()
  }
  const grown = () => announceWithin(SETTLE_MS)
  table.addEventListener('peer:add', grown)

  return {
    provide(key, { later = false } = {}) {
      const entry = wanted.get(key.toString()) ?? { key, later, announcedTo: 0, queued: false }
      wanted.set(key.toString(), entry)
      announce(entry)
    },
    async withdraw(key) {
      wanted.delete(key.toString())
      await dht.cancelReprovide(key)
    },
    async findProviders(key, { signal: outer, limit = MAX_PROVIDERS } = {}) {
      const found = new Set<string>()
      if (table.size === 0) return []
      const signal = anySignal([closing.signal, AbortSignal.timeout(LOOKUP_MS), ...(outer ? [outer] : [])])
      try {
        for await (const event of dht.findProviders(key, { signal })) {
          if (event.name !== 'PROVIDER') continue
          for (const provider of event.providers) {
            if (provider.id.equals(libp2p.peerId)) continue
            await remember(libp2p, provider)
            found.add(provider.id.toString())
            if (found.size >= Math.min(limit, MAX_PROVIDERS)) return [...found]
          }
        }
      } catch (error) {
        log.debug({ reason: (error as Error).message }, 'a lookup ended early')
      } finally {
        signal.clear()
      }
      return [...found]
    },
    tableSize: () => table.size,
    async close() {
      table.removeEventListener('peer:add', grown)
      closing.abort()
      clearTimeout(later)
      queue.clear()
      laterQueue.clear()
      await Promise.all([queue.onIdle(), laterQueue.onIdle()])
    },
  }
}

interface Wanted {
  key: CID
  later: boolean
  announcedTo: number
  queued: boolean
}

/** Peers come in bursts; what they make necessary is done once. */
const SETTLE_MS = 500

async function remember(libp2p: Libp2p, { id, multiaddrs }: PeerInfo): Promise<void> {
  if (multiaddrs.length > 0) await libp2p.peerStore.merge(id, { multiaddrs })
}

/**
 * Forget what an earlier run of this node provided: the DHT would announce it every day for ever, whether or not it
 * is still so.
 */
export async function forgetProvided(datastore: Datastore, self: string): Promise<void> {
  const stale: Key[] = []
  for await (const key of datastore.queryKeys({ prefix: '/dht/provider' })) {
    if (key.name() === self) stale.push(key)
  }
  for (const key of stale) await datastore.delete(key)
}
