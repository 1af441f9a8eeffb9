import { ShoalError } from '../../protocol/errors.ts'
import type { Images } from '../components.ts'
import { startDecoder } from './decode.ts'
import { startFetcher } from './fetch.ts'
import { readHosts } from './hosts.ts'
import { FETCH_LIMITS, type FetchLimits } from './http.ts'
import { POLITENESS, type Politeness } from './politeness.ts'
import type { Lookup } from './resolve.ts'

export { judgeResponse as judgeArchivedResponse } from './judge-response.ts'

export interface ImagesOptions {
  /** worker threads that decode */
  threads: number
  /** who asks, and how to reach them: `Shoal/0.1.0 (+https://example.org/contact)` */
  userAgent: string
  /** open loopback addresses, any port: for local campaigns and demos only */
  allow?: { loopback: boolean }
  /**
   * host names that lead to given addresses, as curl's `--resolve` has it: `photos.example` or `photos.example:443`
   * → `127.0.0.1:8080`. Nothing else about the guard changes.
   */
  hosts?: Readonly<Record<string, string>>
  /** PEM certificates trusted besides the usual ones */
  ca?: string
  limits?: Partial<FetchLimits>
  politeness?: Partial<Politeness>
  /** instead of asking the system's name servers */
  lookup?: Lookup
  /** milliseconds since 1970, for `fetchedAt` and the age of robots.txt; may stand still */
  now?: () => number
  /** in [0, 1), for the jitter of pauses */
  random?: () => number
}

/**
 * Start getting and decoding images.
 *
 * @throws ShoalError `images_user_agent` where the user agent can't be sent, `images_hosts` where a given host
 *   does not lead to an IP address
 */
export function startImages(options: ImagesOptions): Images {
  if (!/^[\x21-\x7e][\x20-\x7e]{0,255}$/.test(options.userAgent)) {
    throw new ShoalError(
      'images_user_agent',
      `the user agent ${JSON.stringify(options.userAgent)} is no line of printable ASCII: give the campaign a contact that is`,
    )
  }
  const fetcher = startFetcher({
    userAgent: options.userAgent,
    allowed: options.allow ?? { loopback: false },
    hosts: readHosts(options.hosts ?? {}),
    limits: { ...FETCH_LIMITS, ...options.limits },
    politeness: { ...POLITENESS, ...options.politeness },
    lookup: options.lookup,
    ca: options.ca,
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
  })
  const decoder = startDecoder({ threads: options.threads })
  return {
    fetch: fetcher.fetch,
    decode: decoder.decode,
    async close() {
      await Promise.all([fetcher.close(), decoder.close()])
    },
  }
}
