import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Libp2p, PeerId, PeerInfo } from '@libp2p/interface'
import { LRUCache } from 'lru-cache'
import PQueue from 'p-queue'
import type { Log } from '../log.ts'
import { CALL_AGAIN_MS, ENOUGH_CONNECTIONS, MAX_CALLS } from './limits.ts'

/**
 * Call peers while there are too few: those discovered just now, and those remembered from earlier runs. Peers that
 * gossip no longer hears although they are connected are called anew: it stops reading from a peer that sent one
 * frame too large, until the connection is another one.
 *
 * @param everyMs - between two looks
 * @returns what ends it
 */
export function stayConnected(
  libp2p: Libp2p,
  router: GossipSub,
  log: Log,
  everyMs: number,
): () => Promise<void> {
  const calls = new PQueue({ concurrency: MAX_CALLS })
  const closing = new AbortController()
  const lately = new LRUCache<string, true>({ max: 10_000, ttl: Math.min(CALL_AGAIN_MS, 3 * everyMs) })
  let deaf = new Set<string>()

  function call(id: PeerId): void {
    const name = id.toString()
    if (id.equals(libp2p.peerId) || lately.has(name) || libp2p.getConnections(id).length > 0) return
    if (libp2p.getPeers().length + calls.size >= ENOUGH_CONNECTIONS) return
    lately.set(name, true)
    calls
      .add(() => libp2p.dial(id, { signal: closing.signal }))
      .catch((error: Error) => log.debug({ peer: name, reason: error.message }, 'a peer does not answer'))
  }

  async function discovered({ detail }: CustomEvent<PeerInfo>): Promise<void> {
    if (detail.multiaddrs.length > 0) {
      await libp2p.peerStore.merge(detail.id, { multiaddrs: detail.multiaddrs })
    }
    call(detail.id)
  }
  const onDiscovery = (event: CustomEvent<PeerInfo>) => {
    discovered(event).catch((error: Error) => log.debug({ reason: error.message }, 'a peer was not stored'))
  }
  libp2p.addEventListener('peer:discovery', onDiscovery)

  async function look(): Promise<void> {
    if (libp2p.getPeers().length < ENOUGH_CONNECTIONS) {
      const known = await libp2p.peerStore.all()
      for (const { id, addresses } of known.sort(() => Math.random() - 0.5))
        if (addresses.length > 0) call(id)
    }
    const unheard = await findDeaf(libp2p, router)
    for (const id of unheard) {
      // gossip's own streams take a moment after the connection
      if (!deaf.has(id.toString())) continue
      log.info({ peer: id.toString() }, 'gossip had lost a peer: it is called anew')
      lately.delete(id.toString())
      await libp2p.hangUp(id, { signal: AbortSignal.timeout(everyMs) }).catch(() => {})
      call(id)
    }
    deaf = new Set(unheard.map(String))
  }

  let looking = Promise.resolve()
  const again = () => {
    looking = looking
      .then(look)
      .catch((error: Error) => log.debug({ reason: error.message }, 'no look at peers'))
  }
  const timer = setInterval(again, everyMs).unref()
  again()
  return async () => {
    clearInterval(timer)
    libp2p.removeEventListener('peer:discovery', onDiscovery)
    calls.clear()
    closing.abort()
    await looking
    await calls.onIdle()
  }
}

/** Peers that speak gossipsub and are connected directly, but unknown to it. */
async function findDeaf(libp2p: Libp2p, router: GossipSub): Promise<PeerId[]> {
  const heard = new Set(router.getPeers().map(String))
  const candidates = libp2p.getConnections().filter(({ remotePeer, limits, status }) => {
    return limits === undefined && status === 'open' && !heard.has(remotePeer.toString())
  })
  const found: PeerId[] = []
  for (const { remotePeer } of candidates) {
    const { protocols } = await libp2p.peerStore.get(remotePeer).catch(() => ({ protocols: [] as string[] }))
    if (protocols.some((protocol) => router.protocols.includes(protocol))) found.push(remotePeer)
  }
  return found
}
