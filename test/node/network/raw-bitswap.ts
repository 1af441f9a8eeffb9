import { setTimeout } from 'node:timers/promises'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import {
  type BitswapMessage,
  type BitswapReply,
  decodeMessage,
  encodeMessage,
} from '../../../node/network/bitswap-message.ts'
import type { Network } from '../../../node/network/network.ts'

const PROTOCOL = '/ipfs/bitswap/1.2.0'

/** A host of libp2p that says what a test wants it to by bitswap, and nothing else. */
export interface RawHost {
  peerId: string
  address: string
  /** what it was told, in order */
  heard: (BitswapMessage & { from: string })[]
  dial(node: Network): Promise<void>
  send(node: Network, message: BitswapReply): Promise<void>
  encode(message: BitswapReply): Uint8Array
  /** Send bytes on a stream of their own. @returns whether the other side ends it within ten seconds */
  isEnded(node: Network, bytes: Uint8Array): Promise<boolean>
  close(): Promise<void>
}

/** libp2p with little more than nothing. */
export async function startHost(stack: AsyncDisposableStack) {
  const host = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  })
  stack.defer(async () => host.stop())
  return host
}

/** @param deaf - it opens no stream of others, or reads none */
export async function makeHost(stack: AsyncDisposableStack, { deaf = false } = {}): Promise<RawHost> {
  const host = await startHost(stack)
  const heard: RawHost['heard'] = []
  await host.handle(PROTOCOL, async (stream, connection) => {
    if (deaf) return stream.pause()
    const from = connection.remotePeer.toString()
    const wire = lpStream(stream)
    try {
      for (;;) heard.push({ ...decodeMessage((await wire.read()).slice()), from })
    } catch {
      await stream.close().catch(() => {})
    }
  })
  const open = (node: Network): Promise<Stream> => host.dialProtocol(multiaddr(node.addresses()[0]), PROTOCOL)
  return {
    ...{ peerId: host.peerId.toString(), address: host.getMultiaddrs()[0]!.toString(), heard },
    encode: encodeMessage,
    async dial(node) {
      await host.dial(multiaddr(node.addresses()[0]))
    },
    async send(node, message) {
      const stream = await open(node)
      if (!stream.send(encodeMessage(message))) await stream.onDrain({ signal: AbortSignal.timeout(60_000) })
      await stream.close({ signal: AbortSignal.timeout(60_000) })
    },
    async isEnded(node, bytes) {
      const stream = await open(node)
      stream.send(bytes)
      for (let i = 0; i < 3_000 && stream.status === 'open'; i++) await setTimeout(20)
      return stream.status !== 'open'
    },
    close: async () => host.stop(),
  }
}
