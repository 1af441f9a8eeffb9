import type { Libp2p } from '@libp2p/interface'

/** A peer that is connected. */
export interface Peer {
  id: string
  /** where its connections come from or lead to, as multiaddrs */
  addresses: string[]
  /** what it calls itself, or null where it has not said yet; a stranger's words */
  agent: string | null
  /** round trip of the last ping, milliseconds, or null before the first */
  latency: number | null
  protocols: string[]
  /** when the oldest connection was opened, milliseconds since 1970 */
  since: number
  direction: 'inbound' | 'outbound'
  /** whether another node passes everything on between the two */
  relayed: boolean
}

export async function listPeers(libp2p: Libp2p): Promise<Peer[]> {
  const peers: Peer[] = []
  for (const id of libp2p.getPeers()) {
    const connections = libp2p.getConnections(id).sort((a, b) => a.timeline.open - b.timeline.open)
    const [oldest] = connections
    if (oldest === undefined) continue
    const stored = await libp2p.peerStore.get(id).catch(() => null)
    const agent = stored?.metadata.get('AgentVersion')
    peers.push({
      id: id.toString(),
      addresses: [...new Set(connections.map(({ remoteAddr }) => remoteAddr.toString()))],
      agent: agent === undefined ? null : new TextDecoder().decode(agent).slice(0, 100),
      latency: connections.find(({ rtt }) => rtt !== undefined)?.rtt ?? null,
      protocols: stored?.protocols ?? [],
      since: oldest.timeline.open,
      direction: oldest.direction,
      relayed: connections.every(({ direct }) => !direct),
    })
  }
  return peers
}
