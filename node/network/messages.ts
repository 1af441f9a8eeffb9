import { setImmediate } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { varint } from 'multiformats'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_RECORD_BYTES } from '../../protocol/limits.ts'
import { IDLE_MS, MAX_BITSWAP_BYTES, STREAM_WINDOW_BYTES } from './limits.ts'

/** One end of a conversation. Either function throws once the stream has ended, been aborted or run out of time. */
export interface Frames {
  read(): Promise<Uint8Array>
  write(bytes: Uint8Array): Promise<void>
}

/** Bytes of the longest message of any protocol. */
const MAX_MESSAGE_BYTES = MAX_BITSWAP_BYTES
/** Bytes of the longest length that is read, 2^28 - 1: a longer one is refused before it is. */
const MAX_LENGTH_BYTES = 4

interface TalkOptions {
  /** milliseconds for all of it, or, where there is a pace, those that it may fall behind it; any where absent */
  totalMs?: number
  /** bytes of messages in a second */
  pace?: number
  /** milliseconds between two messages */
  idleMs?: number
  /** bytes of a message that is read, asked for when one begins */
  maxBytes?: number | (() => number)
  signal?: AbortSignal | undefined
}

/**
 * Hold a conversation on a stream: whole messages, each its length as a varint and the bytes. The stream is closed
 * when `talk` is done, and aborted when it throws, when time runs out, or with the signal. A peer that writes faster
 * than it is read has to wait.
 *
 * @throws ShoalError `request_timeout`, `request_aborted`; `request_failed` for what the stream or the peer did;
 *   whatever else `talk` throws
 */
export async function converse<T>(
  stream: Stream,
  { totalMs = Infinity, pace, idleMs = IDLE_MS, maxBytes = MAX_RECORD_BYTES, signal }: TalkOptions,
  talk: (frames: Frames) => Promise<T>,
): Promise<T> {
  let ended: ShoalError | undefined
  const end = (error: ShoalError) => {
    ended ??= error
    stream.abort(ended)
  }
  const late = () => end(new ShoalError('request_timeout', `${stream.protocol}: the peer took too long`))
  const cancel = () => end(new ShoalError('request_aborted', `${stream.protocol}: called off`))
  let deadline = performance.now() + totalMs
  const check = () => {
    const left = deadline - performance.now()
    if (left <= 0) late()
    else if (left < Infinity) total = setTimeout(check, left)
  }
  let total: NodeJS.Timeout | undefined
  check()
  /** Nothing is saved up: who was fast may not be slow for it. */
  const prolong = (bytes: number) => {
    if (pace !== undefined) deadline = Math.min(deadline + (bytes / pace) * 1000, performance.now() + totalMs)
  }
  const idle = setTimeout(late, idleMs)
  /** Nothing is waited for on a stream that has ended, whatever `talk` still does. */
  const rest = () => {
    clearTimeout(total)
    clearTimeout(idle)
  }
  stream.addEventListener('close', rest)
  signal?.addEventListener('abort', cancel)
  if (signal?.aborted) cancel()
  const most = typeof maxBytes === 'number' ? () => maxBytes : maxBytes
  const wire = lpStream(stream, {
    lengthDecoder(data) {
      const length = readLength(data)
      if (length > most())
        throw new ShoalError('request_oversize', `${stream.protocol}: a message of ${length} bytes`)
      return length
    },
    // what comes with the end of a message
    maxBufferSize: MAX_MESSAGE_BYTES + 2 * STREAM_WINDOW_BYTES,
  })
  pause(stream)
  const step = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      const result = await work
      idle.refresh()
      return result
    } catch (cause) {
      throw ended ?? broken(stream, cause as Error)
    }
  }
  try {
    const result = await talk({
      async read() {
        const bytes = await step(readNext(stream, wire))
        prolong(bytes.length)
        return bytes
      },
      async write(bytes) {
        await step(wire.write(bytes))
        prolong(bytes.length)
      },
    })
    if (ended) throw ended
    await stream.close({ signal: AbortSignal.timeout(idleMs) }).catch((error) => stream.abort(error))
    return result
  } catch (error) {
    stream.abort(error as Error)
    throw error
  } finally {
    rest()
    stream.removeEventListener('close', rest)
    signal?.removeEventListener('abort', cancel)
  }
}

/** The stream stays paused unless a message is waited for that is not here yet: its buffer never overflows. */
async function readNext(stream: Stream, wire: ReturnType<typeof lpStream>): Promise<Uint8Array> {
  let here = false
  const message = wire.read().finally(() => {
    here = true
  })
  // it is awaited below, perhaps after it has failed
  message.catch(() => {})
  await setImmediate()
  if (!here && stream.readStatus === 'paused') stream.resume()
  const bytes = await message
  pause(stream)
  // a copy: what arrives lies in pieces of larger buffers, which would stay in memory with it
  return bytes.slice()
}

/** What a paused stream gets stays with its sender, but for a window's worth. */
function pause(stream: Stream): void {
  if (stream.readStatus === 'readable') stream.pause()
}

function readLength(data: { byteLength: number; subarray(): Uint8Array }): number {
  // the reader goes on for ever while a length has no end
  if (data.byteLength > MAX_LENGTH_BYTES) {
    throw new ShoalError('request_malformed', `a length of more than ${MAX_LENGTH_BYTES} bytes`)
  }
  return varint.decode(data.subarray())[0]
}

function broken(stream: Stream, cause: Error): ShoalError {
  return cause instanceof ShoalError
    ? cause
    : new ShoalError('request_failed', `${stream.protocol}: ${cause.message}`, { cause })
}
