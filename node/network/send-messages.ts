import type { Libp2p, Stream } from '@libp2p/interface'
import PQueue from 'p-queue'
import { ShoalError } from '../../protocol/errors.ts'
import { BITSWAP_LINGER_MS } from './limits.ts'
import { findPeerId } from './peer-names.ts'

/** Settles when the message is on its way, which says nothing of its arrival. */
export type Send = (peer: string, message: Uint8Array, ms: number) => Promise<void>

/**
 * Send messages to peers, those to one peer over one stream and in order. The stream stays open for a while: opening one
 * costs a round trip.
 *
 * @returns of `send`: ShoalError `peer_unreachable`, `request_failed`, `request_timeout`
 */
export function startSending(libp2p: Libp2p, protocol: string): { send: Send; close(): void } {
  const lines = new Map<string, { queue: PQueue; stream: Stream | null; rest?: NodeJS.Timeout }>()

  async function open(peer: string, signal: AbortSignal): Promise<Stream> {
    const id = findPeerId(peer)
    try {
      // relays let 128 KiB pass
      const stream = await libp2p.dialProtocol(id, protocol, { signal, runOnLimitedConnection: false })
      await stream.closeRead({ signal })
      return stream
    } catch (cause) {
      throw new ShoalError('peer_unreachable', `${peer}: ${(cause as Error).message}`, { cause })
    }
  }

  function rest(peer: string): void {
    const line = lines.get(peer)
    if (!line || line.queue.size + line.queue.pending > 0) return
    lines.delete(peer)
    line.stream?.close({ signal: AbortSignal.timeout(BITSWAP_LINGER_MS) }).catch((error) => {
      line.stream?.abort(error)
    })
  }

  return {
    async send(peer, message, ms) {
      const line = lines.get(peer) ?? { queue: new PQueue({ concurrency: 1 }), stream: null }
      lines.set(peer, line)
      clearTimeout(line.rest)
      try {
        await line.queue.add(async () => {
          const signal = AbortSignal.timeout(ms)
          if (line.stream?.writeStatus !== 'writable') line.stream = await open(peer, signal)
          const { stream } = line
          try {
            if (!stream.send(message)) await stream.onDrain({ signal })
          } catch (cause) {
            stream.abort(cause as Error)
            const code = signal.aborted ? 'request_timeout' : 'request_failed'
            throw new ShoalError(code, `${peer} took no message: ${(cause as Error).message}`, { cause })
          }
        })
      } finally {
        clearTimeout(line.rest)
        line.rest = setTimeout(rest, BITSWAP_LINGER_MS, peer).unref()
      }
    },
    close() {
      for (const { stream, rest } of lines.values()) {
        clearTimeout(rest)
        stream?.abort(new ShoalError('request_aborted', 'the node ends'))
      }
      lines.clear()
    },
  }
}
