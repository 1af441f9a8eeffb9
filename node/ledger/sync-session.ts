import { encode } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_RECORD_BYTES } from '../../protocol/limits.ts'
import { MAX_REQUESTS, MAX_SYNC_BYTES, SILENCE_MS, SYNC_MS } from '../../protocol/sync/limits.ts'

/** A stream of whole messages, of at most a MiB each, to one peer. */
export interface Channel {
  read(signal: AbortSignal): Promise<Uint8Array>
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>
}

export interface SyncOptions {
  signal?: AbortSignal
  /** told the code when the peer did what no honest node does: `sync` then throws, and the channel is to be closed */
  onMisbehaviour?: (code: string) => void
}

export interface SyncResult {
  /** records taken in */
  received: number
  /** records given away */
  sent: number
  /** false where bounds ended it before the two were even */
  complete: boolean
}

/** What only a peer does that is broken or hostile. */
const MISBEHAVIOUR = ['sync_message', 'sync_lie', 'sync_garbage', 'sync_unasked', 'sync_endless']

export type Session = ReturnType<typeof makeSession>

function makeSession(channel: Channel, signal: AbortSignal) {
  let bytes = 0
  let requests = 0
  return {
    signal,
    spent: () => requests >= MAX_REQUESTS || bytes >= MAX_SYNC_BYTES / 2,

    async read(): Promise<Uint8Array> {
      const message = await within(signal, SILENCE_MS, (both) => channel.read(both))
      bytes += message.length
      if (message.length > MAX_RECORD_BYTES)
        throw new ShoalError('sync_message', `a message of ${message.length} bytes is too long`)
      if (bytes > MAX_SYNC_BYTES)
        throw new ShoalError('sync_endless', 'the peer sends more than any sync needs')
      return message
    },

    async write(message: object): Promise<void> {
      const encoded = encode(message)
      bytes += encoded.length
      await within(signal, SILENCE_MS, (both) => channel.write(encoded, both))
    },

    countRequest(): void {
      if (++requests > MAX_REQUESTS + 1) throw new ShoalError('sync_endless', 'the peer asks without an end')
    },
  }
}

/**
 * Run one side of a sync within its bounds, and tell misbehaviour.
 *
 * @throws ShoalError of `work`; `sync_timeout` beyond the time that a sync may take
 */
export async function runSession<T>(
  channel: Channel,
  { signal, onMisbehaviour }: SyncOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  try {
    return await within(signal, SYNC_MS, (both) => work(makeSession(channel, both)))
  } catch (error) {
    if (error instanceof ShoalError && MISBEHAVIOUR.includes(error.code)) onMisbehaviour?.(error.code)
    throw error
  }
}

/** Give work a signal that ends it with `signal` or after some time, and do not wait for work that does not heed it. */
async function within<T>(
  signal: AbortSignal | undefined,
  ms: number,
  work: (both: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const controller = new AbortController()
  const { promise, reject } = Promise.withResolvers<never>()
  const end = (reason: unknown) => {
    reject(reason)
    controller.abort(reason)
  }
  const onAbort = () => end(signal?.reason)
  const timer = setTimeout(() => end(new ShoalError('sync_timeout', `the peer let ${ms} ms pass`)), ms)
  signal?.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work(controller.signal), promise])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
