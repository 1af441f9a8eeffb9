import { setTimeout as sleep } from 'node:timers/promises'
import PQueue from 'p-queue'
import type { Failure } from '../web/web.ts'

/** How a node spreads its requests. Times in milliseconds. */
export interface Politeness {
  /** requests at once, all hosts together: 32 pictures of the greatest size still fit into memory */
  concurrency: number
  /** requests at once to one host: a browser opens six, a guest that nobody invited takes fewer */
  hostConcurrency: number
  /** between the starts of two requests to one host: four a second, less than one reader's browser asks for */
  hostGapMs: number
  /** first pause after a failure; it doubles with each further one in a row */
  backoffMs: number
  /** longest pause, whatever `Retry-After` or the doubling says: a segment has to end */
  maxBackoffMs: number
  /** failures in a row (no connection, no answer in time, 429, 503) after which a host is given up for a while */
  failuresToGiveUp: number
  givenUpMs: number
  /** hosts remembered; idle ones are forgotten first */
  hosts: number
}

export const POLITENESS: Politeness = {
  concurrency: 32,
  hostConcurrency: 2,
  hostGapMs: 250,
  backoffMs: 1_000,
  maxBackoffMs: 60_000,
  failuresToGiveUp: 6,
  givenUpMs: 300_000,
  hosts: 10_000,
}

interface Host {
  queue: PQueue
  gapMs: number
  /** earliest start of the next request, and until when the host is given up, by the clock given */
  nextAt: number
  closedUntil: number
  failuresInARow: number
  lastFailure: Failure | null
}

/**
 * Gives requests their turn: by host first, so that those waiting for a slow host hold no place of the others.
 *
 * @param now - milliseconds of a clock that goes on while one waits
 */
export function startPoliteness(options: Politeness, now: () => number, random: () => number) {
  const hosts = new Map<string, Host>()
  const everybody = new PQueue({ concurrency: options.concurrency })

  function hostOf(name: string): Host {
    const host = hosts.get(name) ?? {
      queue: new PQueue({ concurrency: options.hostConcurrency }),
      gapMs: options.hostGapMs,
      nextAt: 0,
      closedUntil: 0,
      failuresInARow: 0,
      lastFailure: null,
    }
    // a Map keeps the order of insertion: the longest unused host stands first
    hosts.delete(name)
    hosts.set(name, host)
    for (const [key, { queue, nextAt }] of hosts) {
      if (hosts.size <= options.hosts) break
      if (key !== name && queue.pending + queue.size === 0 && nextAt <= now()) hosts.delete(key)
    }
    return host
  }

  function learn(host: Host, result: { ok: true } | Failure): void {
    if (result.ok || !result.blamesHost) host.failuresInARow = 0
    if (result.ok) return
    if (result.blamesHost) {
      host.lastFailure = result
      // it stays above: after a host's time out one more failure closes it again
      if (++host.failuresInARow >= options.failuresToGiveUp) host.closedUntil = now() + options.givenUpMs
    }
    if (!result.retry) return
    const doubled = options.backoffMs * 2 ** Math.max(0, host.failuresInARow - 1)
    const pause = result.retryAfterMs ?? doubled * (0.5 + random() / 2)
    host.nextAt = Math.max(host.nextAt, now() + Math.min(pause, options.maxBackoffMs))
  }

  return {
    /**
     * Run a request when its host's turn has come, and learn from how it ends.
     *
     * @returns its result, or at once the last failure of a host that is given up
     * @throws the signal's reason
     */
    turn<T extends { ok: true }>(
      name: string,
      request: () => Promise<T | Failure>,
      signal: AbortSignal,
    ): Promise<T | Failure> {
      const host = hostOf(name)
      return host.queue.add(
        async () => {
          for (;;) {
            if (host.closedUntil > now() && host.lastFailure !== null) return givenUp(host.lastFailure)
            const wait = host.nextAt - now()
            if (wait > 0) {
              await sleep(wait, undefined, { signal })
              continue
            }
            const result = await everybody.add(
              async () => {
                // another request of this host may have started while this one waited for its place
                if (host.nextAt > now() || host.closedUntil > now()) return null
                host.nextAt = now() + host.gapMs
                const end = await request()
                learn(host, end)
                return end
              },
              { signal },
            )
            if (result !== null) return result
          }
        },
        { signal },
      )
    },

    /** Leave at least this between two requests to a host (robots.txt's `Crawl-delay`). */
    slowDown(name: string, gapMs: number): void {
      hostOf(name).gapMs = Math.max(options.hostGapMs, gapMs)
    },
  }
}

function givenUp(last: Failure): Failure {
  return { ...last, detail: `${last.detail} (host given up)`, retry: false }
}
