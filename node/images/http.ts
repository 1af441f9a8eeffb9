import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import {
  FETCH_TIMEOUT_MS,
  HEADERS_TIMEOUT_MS,
  MAX_IMAGE_BYTES,
  MAX_REDIRECTS,
} from '../../protocol/limits.ts'
import type { Web } from '../components.ts'
import { describeError, type Failure, failure, type Throttled } from '../web/web.ts'
import { type Politeness, startPoliteness } from './politeness.ts'
import { readBody } from './read-body.ts'
import { readRetryAfter } from './retry-after.ts'
import { type Stopwatch, startStopwatch } from './stopwatch.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Bounds of one fetch; times in milliseconds. */
export interface FetchLimits {
  redirects: number
  headersMs: number
  /** of the network's time, redirects and repeated tries included; waiting for a turn, for room or for this node's
   * own limit of bandwidth does not count */
  totalMs: number
  imageBytes: number
  /** requests for one address, where the failure may pass */
  tries: number
}

export const FETCH_LIMITS: FetchLimits = {
  redirects: MAX_REDIRECTS,
  headersMs: HEADERS_TIMEOUT_MS,
  totalMs: FETCH_TIMEOUT_MS,
  imageBytes: MAX_IMAGE_BYTES,
  tries: 3,
}

/** Of a body that nobody wants (404 and the like) so much is read, so long, to keep its connection. */
const DUMPED_BYTES = 64 * 1024
const DUMPED_MS = 500

export interface Head {
  status: number
  /** names in lower case, one entry a header line */
  headers: [string, string][]
}

export interface Answer extends Head {
  ok: true
  url: URL
  /** empty unless the status is 2xx */
  bytes: Uint8Array
}

/** What a request is for. */
export interface Wanted {
  /** `HEAD`: the headers alone, and of this very address: no redirect is followed */
  method?: 'HEAD'
  accept: string
  /** it does not wait for pictures, nor do they for it */
  isSmall?: boolean
  /** requests for it, where the failure may pass: fewer than the limits' */
  tries?: number
  maxBytes: number
  /** cut a longer body, or refuse it */
  cut: boolean
  /** asked before each request, redirects included */
  admit?(url: URL): Promise<Failure | null>
  /** asked of each answer, redirects included, before its body is read */
  judge?(head: Head): Failure | null
  /** asked before so many bytes of a body, in all, are held; until it settles the body stays where it is */
  makeRoom?: ((bytes: number) => Promise<void>) | undefined
}

export interface HttpOptions {
  userAgent: string
  web: Web
  limits: FetchLimits
  politeness: Politeness
  /** as `ImagesOptions` has it */
  onBackOff?: ((host: string, untilMs: number, status: 429 | 503) => void) | undefined
  /** wall clock; pauses go by the process's own, so that this one may stand still */
  now: () => number
  random: () => number
}

export type Http = ReturnType<typeof startHttp>

/** GET within limits: guarded addresses, bounded time, bytes, redirects and tries, each host in its turn. */
export function startHttp(options: HttpOptions) {
  const { limits, web, now } = options
  const politeness = startPoliteness(options.politeness, {
    now: () => performance.now(),
    random: options.random,
    onAsk: (host, ms, status) => options.onBackOff?.(host, now() + ms, status),
  })

  /** One request, in the time that is left. Throws only the signal's reason. */
  async function attempt(
    url: URL,
    wanted: Wanted,
    time: Stopwatch,
    signal: AbortSignal,
  ): Promise<Answer | Failure> {
    // by hand, since AbortSignal.any would hang one more signal on the caller's for every request
    const stop = new AbortController()
    const onAbort = () => stop.abort(signal.reason)
    signal.addEventListener('abort', onAbort)
    const runTime = () => time.run(() => stop.abort())
    let holds = 0
    const onHold = (held: boolean) => {
      holds += held ? 1 : -1
      if (holds === 0) runTime()
      else time.stop()
    }
    const makeRoom = async (bytes: number) => {
      if (wanted.makeRoom === undefined) return
      onHold(true)
      await unlessAborted(wanted.makeRoom(bytes), signal)
      onHold(false)
    }
    runTime()
    try {
      const asked: Parameters<typeof request>[1] & Throttled = {
        dispatcher: web.dispatcher,
        method: wanted.method ?? 'GET',
        headers: { 'user-agent': options.userAgent, accept: wanted.accept, 'accept-encoding': 'identity' },
        headersTimeout: limits.headersMs,
        bodyTimeout: limits.headersMs,
        signal: stop.signal,
        onHold,
      }
      const response = await request(url, asked)
      const { statusCode: status, body } = response
      // a body that is dropped reports so as an error, after nobody listens any more
      body.on('error', () => {})
      const first = (name: string) => [response.headers[name]].flat()[0]
      const headers = Object.entries(response.headers).flatMap(([name, value]) =>
        [value ?? []].flat().map((line): [string, string] => [name, line]),
      )
      const bad =
        judgeStatus(status, first('retry-after'), Date.parse(first('date') ?? '') || now()) ??
        wanted.judge?.({ status, headers }) ??
        null
      const good = status >= 200 && status < 300 && wanted.method !== 'HEAD'
      if (bad !== null || !good) {
        await Promise.race([body.dump({ limit: DUMPED_BYTES, signal: stop.signal }), sleep(DUMPED_MS)]).catch(
          () => {},
        )
        body.destroy()
        return bad ?? { ok: true, url, status, headers, bytes: new Uint8Array() }
      }
      if (!wanted.cut && Number(first('content-length')) > wanted.maxBytes) {
        body.destroy()
        return failure('image_bytes', `${first('content-length')} bytes`)
      }
      const header = { encoding: first('content-encoding'), length: first('content-length') }
      const bytes = await readBody(body, header, wanted, makeRoom)
      return bytes instanceof Uint8Array ? { ok: true, url, status, headers, bytes } : bytes
    } catch (error) {
      signal.throwIfAborted()
      if (stop.signal.aborted) return failure('fetch_timeout', 'not done in time', { blamesHost: true })
      return describeError(error)
    } finally {
      time.stop()
      signal.removeEventListener('abort', onAbort)
    }
  }

  /**
   * Ask for an address and follow its redirects.
   *
   * @returns the last answer, whatever its status below 500 (429 and 408 excepted), or why there is none
   * @throws the signal's reason
   */
  async function get(address: string | URL, wanted: Wanted, signal: AbortSignal): Promise<Answer | Failure> {
    const time = startStopwatch(limits.totalMs)
    const seen = new Set<string>()
    let target: string | URL = address
    for (;;) {
      const url = web.judge(target)
      if (!(url instanceof URL)) return url
      url.hash = ''
      if (seen.has(url.href)) return failure('fetch_redirects', 'in a circle')
      if (seen.size > limits.redirects) return failure('fetch_redirects', `more than ${limits.redirects}`)
      seen.add(url.href)
      // before its robots.txt, so that it is not taken for one that can't be had
      const left = politeness.refusal(url.host)
      if (left !== null) return left
      const forbidden = (await wanted.admit?.(url)) ?? null
      if (forbidden !== null) return forbidden
      let result: Answer | Failure
      for (let tries = 1; ; tries++) {
        result = await politeness.turn(
          url.host,
          () => attempt(url, wanted, time, signal),
          signal,
          wanted.isSmall,
        )
        if (result.ok || !result.retry || tries >= (wanted.tries ?? limits.tries) || time.left() <= 0) break
      }
      if (!result.ok) return result
      if (wanted.method === 'HEAD' || !REDIRECTS.has(result.status)) return result
      const location = result.headers.find(([name]) => name === 'location')?.[1]
      const next = location === undefined ? null : URL.parse(location, url.href)
      if (next === null) return failure('fetch_redirects', `${result.status} that leads nowhere`)
      target = next
    }
  }

  return {
    get,
    slowDown: politeness.slowDown,
    /** Put off requests to a host until then, by the wall clock, because others say so. */
    leaveAlone(host: string, untilMs: number): void {
      politeness.leaveAlone(host, untilMs - now())
    },
  }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Statuses that may pass. 501 and 505 and whatever lies beyond say never rather than later, yet cost two tries only. */
function judgeStatus(status: number, retryAfter: string | undefined, now: number): Failure | null {
  if (status !== 408 && status !== 429 && status < 500) return null
  const wait = readRetryAfter(retryAfter, now)
  const busy = status === 429 || status === 503 ? status : null
  return failure('http_status', String(status), {
    retry: true,
    ...(busy === null ? {} : { blamesHost: true, busy }),
    ...(wait === null ? {} : { retryAfterMs: wait }),
  })
}
