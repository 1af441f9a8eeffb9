import { LRUCache } from 'lru-cache'
import { type Failure, failure } from '../web/web.ts'
import type { Http } from './http.ts'
import { parseRobotsTxt, type RobotsTxt } from './robots-txt.ts'
import { unlessAborted } from './unless-aborted.ts'

/** RFC 9309, 2.5: a crawler reads at least 500 KiB. The rest is cut. */
const MAX_ROBOTS_BYTES = 500 * 1024
/** RFC 9309, 2.4: a copy is kept 24 hours at most. */
const KEPT_MS = 24 * 3_600_000
/** How long a robots.txt that could not be had is not asked for again. */
const FAILURE_KEPT_MS = 300_000
/** Longest `Crawl-delay` heeded: some files ask for a day, and a segment has to end. */
const MAX_CRAWL_DELAY_MS = 30_000
/** Sites remembered, and characters of their rules, all together; parsed they take some ten times that. */
const MAX_SITES = 20_000
const MAX_RULES_CHARS = 4 * 1024 * 1024
/** What a site's entry takes beside its rules. */
const ENTRY_CHARS = 64

interface Site {
  robots: Promise<RobotsTxt | Failure>
  until: number
}

/** Asks each site's robots.txt once, and answers for each address whether it may be fetched. */
export function startRobots(http: Http, now: () => number, closing: AbortSignal) {
  const sites = new LRUCache<string, Site>({ max: MAX_SITES, maxSize: MAX_RULES_CHARS })

  async function load(url: URL): Promise<RobotsTxt | Failure> {
    let reached = false
    const answer = await http.get(
      new URL('/robots.txt', url),
      {
        accept: 'text/plain, */*;q=0.5',
        // one byte more, to know that it was cut
        maxBytes: MAX_ROBOTS_BYTES + 1,
        cut: true,
        judge: () => {
          reached = true
          return null
        },
      },
      closing,
    )
    if (!answer.ok) {
      // a site that can't be reached at all says nothing about robots: its pictures fail as it does
      if (!answer.connected && !reached) return answer
      return unreachable(answer.outcome === 'http_status' ? answer.detail : answer.outcome)
    }
    // RFC 9309, 2.3.1.3: "unavailable" (4xx) permits everything
    if (answer.status >= 400) return parseRobotsTxt('', url)
    if (answer.status >= 300) return unreachable(String(answer.status))
    const whole = answer.bytes.length <= MAX_ROBOTS_BYTES
    const text = new TextDecoder().decode(answer.bytes.subarray(0, MAX_ROBOTS_BYTES))
    // half a line may say the opposite of the whole: `Allow: /` of `Allow: /public`
    return parseRobotsTxt(whole ? text : text.slice(0, text.search(/[\r\n][^\r\n]*$/) + 1), url)
  }

  function siteOf(url: URL): Site {
    const known = sites.get(url.origin)
    if (known !== undefined && known.until > now()) return known
    const site: Site = { robots: load(url), until: now() + KEPT_MS }
    sites.set(url.origin, site, { size: ENTRY_CHARS })
    site.robots.then(
      (robots) => {
        if ('ok' in robots) site.until = now() + FAILURE_KEPT_MS
        else sites.set(url.origin, site, { size: Math.min(ENTRY_CHARS + robots.size, MAX_RULES_CHARS) })
      },
      () => sites.delete(url.origin),
    )
    return site
  }

  return {
    /**
     * @returns null where the address may be fetched, or why not, with the tokens it is forbidden to
     * @throws the signal's reason
     */
    async ask(url: URL, signal: AbortSignal): Promise<{ failure: Failure; tokens: string[] } | null> {
      const robots = await unlessAborted(siteOf(url).robots, signal)
      if ('ok' in robots) return { failure: robots, tokens: [] }
      if (robots.crawlDelayMs !== null)
        http.slowDown(url.host, Math.min(robots.crawlDelayMs, MAX_CRAWL_DELAY_MS))
      const tokens = robots.forbids(url)
      if (tokens.length === 0) return null
      return { failure: failure('optout_robots', `robots.txt: ${tokens.join(', ')}`), tokens }
    },
  }
}

function unreachable(why: string): Failure {
  return failure('optout_robots', `robots.txt unreachable: ${why}`)
}
