import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { ShoalError } from '../../protocol/errors.ts'
import type { Log } from '../log.ts'
import { askBlocks, type BlockAsker } from './ask-blocks.ts'
import { decodeMessage } from './bitswap-message.ts'
import { BITSWAP_IDLE_MS, MAX_BITSWAP_BYTES, MAX_BITSWAP_STREAMS, MAX_WANTS_BYTES } from './limits.ts'
import { converse } from './messages.ts'
import { findPeerId } from './peer-names.ts'
import { startSending } from './send-messages.ts'
import { type ServedBlocks, serveBlocks, type Withholds } from './serve-blocks.ts'

/** The protocol of IPFS nodes: whichever of them connects gets blocks here, and blocks come from it. */
const PROTOCOL = '/ipfs/bitswap/1.2.0'

export interface BlocksOptions {
  /** every block there is given to whoever knows its CID */
  blocks: ServedBlocks
  /** but for those that are kept from some */
  withholds?: Withholds | undefined
  /** in place of BLOCK_SILENCE_MS */
  silenceMs?: number | undefined
  log: Log
}

export interface BlockExchange extends Pick<BlockAsker, 'blockSource'> {
  /** bytes of answers that peers took, since the start */
  served(): number
  close(): void
}

/**
 * Exchange blocks by bitswap 1.2.0, but not over relays. The two directions have streams of their own, so that a peer
 * that is slow to take blocks can't hold up those that it gives.
 *
 * @see https://specs.ipfs.tech/bitswap-protocol/
 */
export async function startBlocks(
  libp2p: Libp2p,
  { blocks, withholds, silenceMs, log }: BlocksOptions,
): Promise<BlockExchange> {
  const asking = startSending(libp2p, PROTOCOL)
  const giving = startSending(libp2p, PROTOCOL)
  const asker = askBlocks(asking.send, silenceMs)
  const server = serveBlocks(blocks, give, log, withholds)
  let served = 0

  async function give(peer: string, message: Uint8Array, ms: number): Promise<void> {
    if (libp2p.getConnections(findPeerId(peer)).length === 0)
      throw new ShoalError('peer_unreachable', `${peer} is gone, and not called back to be given blocks`)
    await giving.send(peer, message, ms)
    served += message.length
  }

  async function hear(stream: Stream, connection: Connection): Promise<void> {
    const from = connection.remotePeer.toString()
    // nothing is said on a stream that somebody else opened
    void stream.close().catch(() => {})
    try {
      const maxBytes = () => (asker.expects(from) ? MAX_BITSWAP_BYTES : MAX_WANTS_BYTES)
      await converse(stream, { idleMs: BITSWAP_IDLE_MS, maxBytes }, async ({ read }) => {
        for (;;) {
          const { wants, full, ...answers } = decodeMessage(await read())
          asker.take(from, answers)
          if (wants.length > 0 || full) await server.want(from, wants, full)
        }
      })
    } catch (error) {
      log.debug({ from, reason: (error as Error).message }, 'a stream of blocks has ended')
    }
  }
  await libp2p.handle(PROTOCOL, hear, {
    maxInboundStreams: MAX_BITSWAP_STREAMS,
    runOnLimitedConnection: false,
  })
  const gone = ({ detail }: CustomEvent<PeerId>) => {
    asker.lose(detail.toString())
    server.forget(detail.toString())
  }
  libp2p.addEventListener('peer:disconnect', gone)
  return {
    blockSource: asker.blockSource,
    served: () => served,
    close() {
      libp2p.removeEventListener('peer:disconnect', gone)
      asker.close()
      asking.close()
      giving.close()
    },
  }
}
