import { ShoalError } from '../../protocol/errors.ts'
import type { ConsentSignal } from '../../protocol/rules/consent.ts'
import type { Images, Web } from '../components.ts'
import type { Table } from '../store/store.ts'
import { startDecoder } from './decode.ts'
import { startFetcher } from './fetch.ts'
import { FETCH_LIMITS, type FetchLimits } from './http.ts'
import { POLITENESS, type Politeness } from './politeness.ts'

export { startDecoder } from './decode.ts'
export { encodePreview } from './encode-preview.ts'
export { judgeResponse as judgeArchivedResponse } from './judge-response.ts'

/**
 * Bytes a second that each of the requests at once has, at least: a socket's read of 64 KiB is then paid for in eight
 * seconds, and servers give up readers that stand still for a minute.
 */
const LEAST_SHARE = 8 * 1024

export interface ImagesOptions {
  /** worker threads that decode */
  threads: number
  /** who asks, and how to reach them: `Shoal/0.1.0 (+https://example.org/contact)` */
  userAgent: string
  /** the way out, which stays open when the images are closed */
  web: Web
  limits?: Partial<FetchLimits>
  politeness?: Partial<Politeness>
  /**
   * told when a host answers 429 or 503 and asks to be left alone for more than 10 s: once for each time it asks,
   * also where several answers do
   *
   * @param host - with its port where that is not the scheme's own
   * @param untilMs - milliseconds since 1970
   */
  onBackOff?: (host: string, untilMs: number, status: 429 | 503) => void
  /** the campaign's `pipeline.consent`: what it names refuses, all is recorded. Everything there is, if not given */
  honoured?: readonly ConsentSignal[] | undefined
  /** where answers of sites about opt-outs outlive the process, a day at most; nowhere, if not given */
  sites?: Table | undefined
  /** milliseconds since 1970, for `fetchedAt` and the age of robots.txt; may stand still */
  now?: () => number
  /** in [0, 1), for the jitter of pauses */
  random?: () => number
}

/**
 * Start getting and decoding images.
 *
 * @throws ShoalError `images_user_agent` where the user agent can't be sent
 */
export function startImages(options: ImagesOptions): Images {
  if (!/^[\x21-\x7e][\x20-\x7e]{0,255}$/.test(options.userAgent)) {
    throw new ShoalError(
      'images_user_agent',
      `the user agent ${JSON.stringify(options.userAgent)} is no line of printable ASCII: give the campaign a contact that is`,
    )
  }
  const politeness = { ...POLITENESS, ...options.politeness }
  const fetcher = startFetcher({
    userAgent: options.userAgent,
    web: options.web,
    limits: { ...FETCH_LIMITS, ...options.limits },
    politeness: {
      ...politeness,
      get concurrency() {
        return affordable(politeness.concurrency, options.web)
      },
      get smallConcurrency() {
        return affordable(politeness.smallConcurrency, options.web)
      },
    },
    onBackOff: options.onBackOff,
    ...{ honoured: options.honoured, sites: options.sites },
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
  })
  const decoder = startDecoder({ threads: options.threads, honoured: options.honoured })
  return {
    fetch: fetcher.fetch,
    leaveAlone: fetcher.leaveAlone,
    decode: decoder.decode,
    async close() {
      await Promise.all([fetcher.close(), decoder.close()])
    },
  }
}

/** Fewer requests at once where there is little bandwidth, rather than many that crawl. */
function affordable(concurrency: number, web: Web): number {
  const bytesPerSecond = web.bytesPerSecond()
  if (bytesPerSecond === null) return concurrency
  return Math.min(concurrency, Math.max(1, Math.floor(bytesPerSecond / LEAST_SHARE)))
}
