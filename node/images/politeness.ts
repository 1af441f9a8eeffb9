import { setTimeout as sleep } from 'node:timers/promises'
import PQueue from 'p-queue'
import { HEARSAY_MS, MAX_BACKOFF_MS } from '../../protocol/timing.ts'
import { type Failure, failure } from '../web/web.ts'
import { startClosedHosts } from './closed-hosts.ts'

/** How a node spreads its requests. Times in milliseconds. */
export interface Politeness {
  /** requests at once, all hosts together: 32 pictures of the greatest size still fit into memory */
  concurrency: number
  /**
   * the same of small requests, which hold no pictures up: files that opt out, 500 KiB at most, and bare headers. A new
   * host takes four of them, so that pictures would wait for other hosts' files most of the time
   */
  smallConcurrency: number
  /** requests at once to one host: a browser opens six, a guest that nobody invited takes fewer */
  hostConcurrency: number
  /** between the starts of two requests to one host: four a second, less than one reader's browser asks for */
  hostGapMs: number
  /** first pause after a failure; it doubles with each further one in a row */
  backoffMs: number
  /**
   * longest pause that requests wait for: a segment has to end. A host that asks for a longer one with 429 or 503 is
   * not asked until then; its candidates end meanwhile.
   */
  maxBackoffMs: number
  /** failures in a row (no connection, no answer in time, 429, 503) after which a host is given up for a while */
  failuresToGiveUp: number
  givenUpMs: number
  /** hosts remembered; idle ones are forgotten first. As many that are to be left alone are, besides */
  hosts: number
}

export const POLITENESS: Politeness = {
  concurrency: 32,
  smallConcurrency: 64,
  hostConcurrency: 2,
  hostGapMs: 250,
  backoffMs: 1_000,
  maxBackoffMs: 60_000,
  failuresToGiveUp: 6,
  givenUpMs: 300_000,
  hosts: 10_000,
}

/** Shorter pauses are over before others have heard of them: what is told costs each of them a signature to check. */
const TOLD_FROM_MS = 10_000

/** @see startPoliteness */
export interface Surroundings {
  /** milliseconds of a clock that goes on while one waits */
  now: () => number
  /** in [0, 1) */
  random: () => number
  /** told when a host asks to be left alone for longer than others need to hear of it; in milliseconds from now */
  onAsk?: (name: string, ms: number, status: 429 | 503) => void
}

interface Host {
  queue: PQueue
  gapMs: number
  /** earliest start of the next request, and until when the host is given up, by the clock given */
  nextAt: number
  closedUntil: number
  failuresInARow: number
  lastFailure: Failure | null
  /** end of the last pause that others were told of */
  toldUntil: number
}

/** Gives requests their turn: by host first, so that those waiting for a slow host hold no place of the others. */
export function startPoliteness(options: Politeness, { now, random, onAsk }: Surroundings) {
  const hosts = new Map<string, Host>()
  const everybody = new PQueue({ concurrency: options.concurrency })
  const small = new PQueue({ concurrency: options.smallConcurrency })
  const closed = startClosedHosts(options.hosts, now)

  function hostOf(name: string): Host {
    const host = hosts.get(name) ?? {
      queue: new PQueue({ concurrency: options.hostConcurrency }),
      gapMs: options.hostGapMs,
      nextAt: 0,
      closedUntil: 0,
      failuresInARow: 0,
      lastFailure: null,
      toldUntil: 0,
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

  function learn(name: string, host: Host, result: { ok: true } | Failure): void {
    if (result.ok || !result.blamesHost) host.failuresInARow = 0
    if (result.ok) return
    if (result.blamesHost) {
      host.lastFailure = result
      // it stays above: after a host's time out one more failure closes it again
      if (++host.failuresInARow >= options.failuresToGiveUp) host.closedUntil = now() + options.givenUpMs
    }
    if (!result.retry) return
    const { busy, retryAfterMs } = result
    if (busy !== undefined && retryAfterMs !== undefined) {
      const ms = Math.min(retryAfterMs, MAX_BACKOFF_MS)
      if (ms > options.maxBackoffMs) closed.close(name, now() + ms, result, 'asked')
      // several answers that were under way at once ask for the same
      if (ms > TOLD_FROM_MS && now() + ms > host.toldUntil + TOLD_FROM_MS) {
        host.toldUntil = now() + ms
        onAsk?.(name, ms, busy)
      }
      if (ms > options.maxBackoffMs) return
    }
    const doubled = options.backoffMs * 2 ** Math.max(0, host.failuresInARow - 1)
    const pause = retryAfterMs ?? doubled * (0.5 + random() / 2)
    host.nextAt = Math.max(host.nextAt, now() + Math.min(pause, options.maxBackoffMs))
  }

  /** Why a host is not to be asked now, or null. */
  function refusal(name: string): Failure | null {
    const reason = closed.reasonFor(name)
    return reason === null ? null : givenUp(reason)
  }

  return {
    refusal,

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
      isSmall = false,
    ): Promise<T | Failure> {
      const host = hostOf(name)
      return host.queue.add(
        async () => {
          for (;;) {
            const refused = refusal(name)
            if (refused !== null) return refused
            if (host.closedUntil > now() && host.lastFailure !== null) return givenUp(host.lastFailure)
            const wait = host.nextAt - now()
            if (wait > 0) {
              await sleep(wait, undefined, { signal })
              continue
            }
            const queue = isSmall ? small : everybody
            // there may be less bandwidth than before, or more
            queue.concurrency = isSmall ? options.smallConcurrency : options.concurrency
            const result = await queue.add(
              async () => {
                // another request of this host may have started while this one waited for its place
                if (host.nextAt > now() || host.closedUntil > now() || refusal(name) !== null) return null
                host.nextAt = now() + host.gapMs
                const end = await request()
                learn(name, host, end)
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

    /** Put off requests to a host because others say so, as if it had asked for so long a pause itself. */
    leaveAlone(name: string, claimedMs: number): void {
      const ms = Math.min(claimedMs, HEARSAY_MS)
      if (ms > options.maxBackoffMs) closed.close(name, now() + ms, HEARSAY, 'heard')
      else if (ms > 0) {
        const host = hostOf(name)
        host.nextAt = Math.max(host.nextAt, now() + ms)
      }
    },

    /** Leave at least this between two requests to a host (robots.txt's `Crawl-delay`). */
    slowDown(name: string, gapMs: number): void {
      hostOf(name).gapMs = Math.max(options.hostGapMs, gapMs)
    },
  }
}

const HEARSAY = failure('http_status', 'asked others to be left alone', { blamesHost: true })

function givenUp(last: Failure): Failure {
  return { ...last, detail: `${last.detail} (host given up)`, retry: false }
}
