import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { autoNATv2 } from '@libp2p/autonat-v2'
import { bootstrap } from '@libp2p/bootstrap'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { identify, identifyPush } from '@libp2p/identify'
import type { ConnectionGater, PeerId } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { uPnPNAT } from '@libp2p/upnp-nat'
import { LevelDatastore } from 'datastore-level'
import { createLibp2p } from 'libp2p'
import { LRUCache } from 'lru-cache'
import type { Registry } from 'prom-client'
import type { Identity } from '../identity.ts'
import type { Table } from '../store/store.ts'
import { makeRouter } from './gossip.ts'
import {
  ADDRESS_AGE_MS,
  MAX_CONNECTIONS,
  MAX_PINGS,
  PEER_AGE_MS,
  PING_EVERY_MS,
  PING_MS,
  SHUN_MS,
  STREAM_WINDOW_BYTES,
} from './limits.ts'
import { parseAddress } from './peer-names.ts'
import { type DhtMode, forgetProvided, makeDht } from './providers.ts'

export interface HostOptions {
  identity: Identity
  /** where peers and the DHT's records are kept; null keeps them in memory */
  table: Table | null
  /** multiaddrs to listen at, `/ip4/0.0.0.0/tcp/4001` */
  listen: string[]
  /** multiaddrs of nodes to call first, each ending in the node's id */
  bootstrap: string[]
  /** what the node calls itself, `shoal/0.1.0` */
  agent: string
  /** find nodes on the LAN by multicast DNS */
  mdns: boolean
  /**
   * for a network on one machine or LAN: private addresses are passed on in the DHT, and many nodes at one address are
   * no reason for suspicion
   */
  local: boolean
  dht: DhtMode
  /** ask the home's router for a port */
  upnp: boolean
  /** find out whether others reach this node; where they don't, be reached by way of relays and hole punching */
  relayed: boolean
  /** be a relay for others: for nodes with a public address */
  relay: boolean
  /** where libp2p's own metrics go; null or absent: it counts nothing */
  metrics?: Registry | null | undefined
}

/** libp2p with everything Shoal needs, not started yet. */
export async function startHost(options: HostOptions) {
  const { identity, table, local } = options
  const datastore = table === null ? undefined : await openDatastore(table)
  if (datastore) await forgetProvided(datastore, identity.peerId)
  let admits = (_peer: string) => true
  const shunned = new LRUCache<string, true>({ max: 10_000, ttl: SHUN_MS })
  const deny = (peer: PeerId) => !admits(peer.toString()) || shunned.has(peer.toString())
  const dropDenied = async () => {
    await Promise.all(
      libp2p
        .getPeers()
        .filter(deny)
        .map((peer) => libp2p.hangUp(peer)),
    )
  }
  const connectionGater: ConnectionGater = {
    denyDialPeer: deny,
    denyInboundEncryptedConnection: deny,
    denyOutboundEncryptedConnection: deny,
    denyInboundRelayReservation: deny,
  }
  const libp2p = await createLibp2p({
    start: false,
    ...(options.metrics ? { metrics: await makeLibp2pMetrics(options.metrics) } : {}),
    privateKey: identity.privateKey,
    nodeInfo: { userAgent: options.agent },
    ...(datastore ? { datastore } : {}),
    addresses: { listen: [...options.listen, ...(options.relayed ? ['/p2p-circuit'] : [])] },
    transports: [tcp(), ...(options.relayed ? [circuitRelayTransport()] : [])],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES } })],
    connectionGater,
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      // a second, from one address: where all share one, those are all
      ...(local ? { inboundConnectionThreshold: 100, maxIncomingPendingConnections: 100 } : {}),
    },
    connectionMonitor: { pingInterval: PING_EVERY_MS, pingTimeout: { minTimeout: PING_MS } },
    peerStore: { maxAddressAge: ADDRESS_AGE_MS, maxPeerAge: PEER_AGE_MS },
    peerDiscovery: [
      ...(options.mdns ? [mdns({ serviceTag: '_shoal._udp.local' })] : []),
      ...(options.bootstrap.length > 0
        ? [bootstrap({ list: options.bootstrap.map(checked), timeout: 0 })]
        : []),
    ],
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      // one stream out, the default, is what the DHT and the monitor of connections get into each other's way with;
      // the monitor then takes a healthy connection for dead
      ping: ping({ maxInboundStreams: MAX_PINGS, maxOutboundStreams: MAX_PINGS }),
      dht: makeDht(options.dht, local),
      gossip: makeRouter(!local),
      ...(options.upnp ? { upnp: uPnPNAT() } : {}),
      ...(options.relayed ? { autonat: autoNATv2(), dcutr: dcutr() } : {}),
      ...(options.relay ? { relay: circuitRelayServer() } : {}),
    },
  })
  return {
    libp2p,
    async admitOnly(next: (peer: string) => boolean): Promise<void> {
      admits = next
      await dropDenied()
    },
    async shun(peer: string): Promise<void> {
      shunned.set(peer, true)
      await dropDenied()
    },
    async close(): Promise<void> {
      await libp2p.stop()
      await datastore?.close()
    },
  }
}

/** Loaded by those who want it. */
async function makeLibp2pMetrics(registry: Registry) {
  const { prometheusMetrics } = await import('@libp2p/prometheus-metrics')
  return prometheusMetrics({ registry, collectDefaultMetrics: false })
}

async function openDatastore(table: Table): Promise<LevelDatastore> {
  const texts = table.sublevel('libp2p', { keyEncoding: 'utf8', valueEncoding: 'view' })
  const datastore = new LevelDatastore(texts as unknown as ConstructorParameters<typeof LevelDatastore>[0])
  await datastore.open()
  return datastore
}

function checked(address: string): string {
  return parseAddress(address).toString()
}
