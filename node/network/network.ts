import type { Libp2p } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import type { BlockSource } from '../components.ts'
import { type BlocksOptions, startBlocks } from './blocks.ts'
import { type Gossip, startGossip } from './gossip.ts'
import { type HostOptions, startHost } from './host.ts'
import { LOOK_MS } from './limits.ts'
import { parseAddress } from './peer-names.ts'
import { listPeers, type Peer } from './peers.ts'
import { type Providers, startProviders } from './providers.ts'
import { type Answers, type Requests, startRequests } from './requests.ts'
import { stayConnected } from './stay-connected.ts'

export type { Gossip, Ruling } from './gossip.ts'
export { MAX_GOSSIP_BYTES } from './limits.ts'
export type { Frames } from './messages.ts'
export type { Peer } from './peers.ts'
export type { Answers } from './requests.ts'

export interface NetworkOptions extends HostOptions, BlocksOptions {
  /** what this node tells others */
  answers: Answers
  /** milliseconds between two looks whether there are connections enough; 10 s where absent */
  lookMs?: number
}

/** One node's place in the network. Peers are named by their ids, `12D3Koo…`. */
export interface Network extends Gossip, Providers, Requests {
  readonly peerId: string
  /** where others reach this node, as multiaddrs that end in its id */
  addresses(): string[]
  /** the peers that are connected */
  peers(): Promise<Peer[]>
  /**
   * Call a node at an address that ends in its id.
   *
   * @returns its id
   * @throws ShoalError `address_invalid`, `peer_unreachable`
   */
  dial(address: string, options?: { signal?: AbortSignal }): Promise<string>
  /**
   * A campaign's envelope from whoever has it: connected peers, then its providers.
   *
   * @returns null where nobody has it
   */
  fetchCampaign(campaign: CID, options?: { signal?: AbortSignal }): Promise<Uint8Array | null>
  /** Blocks from one peer alone, which is called where it is not connected. Any number of them may be asked for at once. */
  blockSource(peer: string): BlockSource
  /** bytes of blocks that peers were given, since the start */
  served(): number
  /** A block of a campaign's list or shards from whoever has it, as `fetchCampaign`. */
  fetchBlock(campaign: CID, block: CID, options?: { signal?: AbortSignal }): Promise<Uint8Array | null>
  /** Whom to ask for what belongs to a campaign: who listens to it, who is near, who provides it; looked up as needed. */
  members(campaign: CID, options?: { signal?: AbortSignal }): AsyncIterable<string>
  /** From now on deal with these peers only; connections to others are closed. */
  admitOnly(admits: (peer: string) => boolean): Promise<void>
  /** Have nothing to do with a peer that did what no honest node does, for SHUN_MS. */
  shun(peer: string): Promise<void>
  /** Be told of peers that come and go. @returns what ends it */
  onPeer(listener: (event: 'connect' | 'disconnect', peer: string) => void): () => void
  close(): Promise<void>
}

/**
 * Join the network: listen, find peers, gossip, keep the DHT, answer requests.
 *
 * @throws ShoalError `address_invalid`; `listen_failed` where no address can be listened at
 */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { log } = options
  const host = await startHost(options)
  const { libp2p } = host
  const gossip = startGossip(libp2p.services.gossip, log)
  const providers = startProviders(libp2p, libp2p.services.dht, log)
  try {
    const requests = await startRequests(libp2p, options.answers, log)
    const exchange = await startBlocks(libp2p, options)
    await listen(libp2p, options.listen)
    const leave = stayConnected(libp2p, libp2p.services.gossip, log, options.lookMs ?? LOOK_MS)
    async function* members(campaign: CID, { signal }: { signal?: AbortSignal | undefined } = {}) {
      const named = new Set<string>()
      const next = (peers: string[]) => peers.filter((peer) => named.size < named.add(peer).size)
      yield* next(gossip.listeners(campaign).slice(0, MAX_ASKED))
      yield* next(libp2p.getPeers().map(String).slice(0, MAX_ASKED))
      yield* next(await providers.findProviders(campaign, signal ? { signal } : {}))
    }

    /** Ask one after the other until somebody has it. */
    async function askMembers(
      campaign: CID,
      askOne: (peer: string) => Promise<Uint8Array | null>,
      signal: AbortSignal | undefined,
    ): Promise<Uint8Array | null> {
      for await (const peer of members(campaign, { signal })) {
        signal?.throwIfAborted()
        const answer = await askOne(peer).catch((error: Error) => {
          log.debug({ peer, reason: error.message }, 'a peer did not give what was asked for')
          return null
        })
        if (answer !== null) return answer
      }
      return null
    }

    return {
      ...gossip,
      ...providers,
      ...requests,
      peerId: libp2p.peerId.toString(),
      addresses: () => libp2p.getMultiaddrs().map(String),
      peers: () => listPeers(libp2p),
      async dial(address, { signal } = {}) {
        const target = parseAddress(address)
        const connection = await libp2p.dial(target, signal ? { signal } : {}).catch((cause: Error) => {
          throw new ShoalError('peer_unreachable', `${address}: ${cause.message}`, { cause })
        })
        return connection.remotePeer.toString()
      },
      fetchCampaign: (campaign, { signal } = {}) =>
        askMembers(campaign, (peer) => requests.askCampaign(peer, campaign, { signal }), signal),
      fetchBlock: (campaign, block, { signal } = {}) =>
        askMembers(campaign, (peer) => exchange.blockSource(peer).get(block, { signal }), signal),
      blockSource: exchange.blockSource,
      served: exchange.served,
      members,
      admitOnly: host.admitOnly,
      shun: host.shun,
      onPeer(listener) {
        const connected = ({ detail }: CustomEvent<{ toString(): string }>) =>
          listener('connect', detail.toString())
        const disconnected = ({ detail }: CustomEvent<{ toString(): string }>) =>
          listener('disconnect', detail.toString())
        libp2p.addEventListener('peer:connect', connected)
        libp2p.addEventListener('peer:disconnect', disconnected)
        return () => {
          libp2p.removeEventListener('peer:connect', connected)
          libp2p.removeEventListener('peer:disconnect', disconnected)
        }
      },
      async close() {
        await leave()
        gossip.close()
        exchange.close()
        await providers.close()
        await host.close()
      },
    }
  } catch (error) {
    await providers.close()
    await host.close()
    throw error
  }
}

async function listen(libp2p: Libp2p, addresses: string[]): Promise<void> {
  try {
    await libp2p.start()
  } catch (cause) {
    const { message } = cause as Error
    throw new ShoalError(
      'listen_failed',
      /EADDRINUSE/.test(message)
        ? `can't listen at ${addresses.join(', ')}: the port is taken; choose another with --listen`
        : `can't listen at ${addresses.join(', ')} (${message.slice(0, 200)}): choose another address with --listen`,
      { cause },
    )
  }
}

/** Peers asked for what belongs to a campaign before the DHT is. */
const MAX_ASKED = 8
