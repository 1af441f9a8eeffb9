import type { ServerResponse } from 'node:http'
import { ShoalError } from '../../protocol/errors.ts'

/** Pages that listen at once: some windows of the owner's. */
const MAX_LISTENERS = 16
/** Milliseconds between two pulses. */
const PULSE_MS = 1_000
/** Milliseconds after which a browser that lost the connection tries again. */
const RETRY_MS = 2_000
/** Bytes that a listener may be behind; one that sleeps comes back by itself. */
const MAX_BEHIND_BYTES = 1024 * 1024

/**
 * Tells whoever listens how the node is getting on, as server-sent events
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html). It is found once for all of them, and not at all while
 * nobody listens.
 */
export function startEvents(pulse: () => Promise<object>, onFailure: (error: Error) => void) {
  const listeners = new Set<ServerResponse>()
  let timer: NodeJS.Timeout | undefined
  let isAtWork = false

  function send(to: Iterable<ServerResponse>, text: string): void {
    for (const listener of to)
      if (listener.writableLength > MAX_BEHIND_BYTES) listener.destroy()
      else listener.write(text)
  }

  async function beat(): Promise<void> {
    if (isAtWork) return
    isAtWork = true
    try {
      send(listeners, `event: pulse\ndata: ${JSON.stringify(await pulse())}\n\n`)
    } catch (error) {
      onFailure(error as Error)
      // a comment: the connection lives
      send(listeners, ':\n\n')
    } finally {
      isAtWork = false
    }
  }

  function remove(listener: ServerResponse): void {
    listeners.delete(listener)
    if (listeners.size === 0) clearInterval(timer)
  }

  return {
    /**
     * Have a response, whose headers are not sent yet, told from now on.
     *
     * @throws ShoalError `dashboard_full`
     */
    add(listener: ServerResponse, headers: Readonly<Record<string, string>>): void {
      if (listeners.size >= MAX_LISTENERS)
        throw new ShoalError('dashboard_full', `${MAX_LISTENERS} windows show this already: close one`)
      listener.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' })
      listener.write(`retry: ${RETRY_MS}\n\n`)
      listener.once('close', () => remove(listener)).on('error', () => listener.destroy())
      listeners.add(listener)
      if (listeners.size === 1) timer = setInterval(beat, PULSE_MS)
      void beat()
    },
    /** Tell everybody that the node ends. */
    end(): void {
      clearInterval(timer)
      for (const listener of listeners) listener.end('event: ended\ndata: {}\n\n')
      listeners.clear()
    },
  }
}
