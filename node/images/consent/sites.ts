import { type Consent, type ConsentSignal, weighConsents } from '../../../protocol/rules/consent.ts'
import { sameSpelling } from '../../../protocol/rules/path-pattern.ts'
import {
  findReservation,
  parseTdmrep,
  type Reservation,
  type TdmrepRule,
  weighReservations,
} from '../../../protocol/rules/tdmrep.ts'
import { readContentSignal, readContentUsage } from '../../../protocol/rules/usage.ts'
import { type Failure, failure } from '../../web/web.ts'
import { parseRobotsTxt, type RobotsTxt } from '../robots-txt.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { type SiteParts, startSiteFile } from './site-file.ts'

/** Longest `Crawl-delay` heeded: some files ask for a day, and a segment has to end. */
const MAX_CRAWL_DELAY_MS = 30_000
/** The other files forbid nothing by failing, so that nobody waits for them twice. */
const ONE_TRY = 1

/** What a site says of one address. */
export interface SiteSays {
  /** why it may not be fetched, or null */
  failure: Failure | null
  /** signals seen, and when, in milliseconds since 1970 */
  signals: [signal: string, at: number][]
  /** what its tdmrep.json says, which the picture's own header overrides */
  reservation: Reservation | null
}

interface Robots {
  rules: RobotsTxt
  /** what is recorded where nothing in it speaks of the address */
  silence: string
}

interface Listed<T> {
  /** null where there is none that can be read */
  rules: T | null
  /** for the record, where there is none: the status, the failure, `unreadable` */
  missing: string
  size: number
}

/**
 * Asks each site for its robots.txt and, where that lets us in, for its tdmrep.json and ai.txt, once a day each: four
 * small requests. Those that are about opting out are asked for whatever robots.txt says of their own addresses.
 */
export function startSites(parts: SiteParts, honoured: readonly ConsentSignal[]) {
  const robotsFiles = startSiteFile<Robots | Failure>(
    {
      path: '/robots.txt',
      accept: 'text/plain, */*;q=0.5',
      read(answer, url) {
        if ('ok' in answer) {
          // a site that can't be reached at all says nothing about robots: its pictures fail as it does
          if (!answer.connected && !answer.reached) return answer
          return unreachable(answer.outcome === 'http_status' ? answer.detail : answer.outcome)
        }
        // RFC 9309, 2.3.1.3: "unavailable" (4xx) permits everything
        if (answer.status >= 400) return { rules: parseRobotsTxt('', url), silence: String(answer.status) }
        if (answer.status >= 300) return unreachable(String(answer.status))
        return { rules: parseRobotsTxt(answer.text, url), silence: 'allowed' }
      },
      sizeOf: (said) => ('ok' in said ? 0 : said.rules.size),
    },
    parts,
  )
  const tdmrepFiles = startListed<TdmrepRule[]>(
    '/.well-known/tdmrep.json',
    'application/json, */*;q=0.5',
    (text) => parseTdmrep(text),
  )
  const readAiTxt = (text: string, url: URL) => {
    // made for file types, it often names nobody and begins its patterns without a slash
    const rules = parseRobotsTxt(/^\s*user-agent\s*:/im.test(text) ? text : `User-agent: *\n${text}`, url)
    return rules.isSilent ? null : rules
  }
  const aiFiles = ['/ai.txt', '/.well-known/ai.txt'].map((path) =>
    startListed<RobotsTxt>(path, 'text/plain, */*;q=0.5', readAiTxt),
  )

  function startListed<T>(path: string, accept: string, read: (text: string, url: URL) => T | null) {
    return startSiteFile<Listed<T>>(
      {
        ...{ path, accept, tries: ONE_TRY },
        read(answer, url) {
          if ('ok' in answer) {
            const missing = answer.outcome === 'http_status' ? answer.detail : answer.outcome
            return { rules: null, missing, size: 0 }
          }
          if (answer.status >= 300) return { rules: null, missing: String(answer.status), size: 0 }
          const rules = read(answer.text, url)
          return { rules, missing: 'unreadable', size: rules === null ? 0 : answer.text.length }
        },
        sizeOf: ({ size }) => size,
      },
      parts,
    )
  }

  /** Preferences in robots.txt, each of a signal of its own. */
  function readUsages({ rules }: Robots, url: URL): [ConsentSignal, Consent][] {
    return [
      ['AIPREF', readContentUsage(rules.usages(url, 'content-usage'), 'robots.txt content-usage')],
      ['Content-Signal', readContentSignal(rules.usages(url, 'content-signal'), 'robots.txt content-signal')],
    ]
  }

  async function askRobots(url: URL, signal: AbortSignal): Promise<SiteSays> {
    const { at, said } = await unlessAborted(robotsFiles.of(url), signal)
    if ('ok' in said) return { failure: said, signals: [], reservation: null }
    const { rules, silence } = said
    if (rules.crawlDelayMs !== null)
      parts.http.slowDown(url.host, Math.min(rules.crawlDelayMs, MAX_CRAWL_DELAY_MS))
    const tokens = rules.forbids(url)
    const seen = weighConsents(readUsages(said, url), honoured)
    const signals = [
      ...(tokens.length === 0
        ? [`robots.txt: ${silence}`]
        : tokens.map((token) => `robots.txt: disallow ${token}`)),
      ...seen.signals,
    ].map((signal): [string, number] => [signal, at])
    const refusal =
      tokens.length > 0
        ? failure('optout_robots', `robots.txt: ${tokens.join(', ')}`)
        : seen.refused
          ? failure('optout_site', seen.reason)
          : null
    return { failure: refusal, signals, reservation: null }
  }

  async function askOthers(url: URL, signal: AbortSignal): Promise<SiteSays> {
    const [tdmrep, ...ai] = await Promise.all([
      unlessAborted(tdmrepFiles.of(url), signal),
      ...aiFiles.map((files) => unlessAborted(files.of(url), signal)),
    ])
    const { rules, missing } = tdmrep.said
    const path = sameSpelling(url.pathname + url.search)
    const reservation = rules === null ? null : findReservation(rules, path)
    const mining = weighReservations([['tdmrep.json', reservation]]).signals
    if (mining.length === 0) mining.push(`tdmrep.json: ${rules === null ? missing : 'unset'}`)
    const signals = mining.map((seen): [string, number] => [seen, tdmrep.at])
    const consents: [ConsentSignal, Consent][] = []
    for (const { at, said } of ai) {
      if (said.rules === null) continue
      const consent = readAi(said.rules, url)
      consents.push(['ai.txt', consent])
      for (const seen of consent.signals) signals.push([seen, at])
    }
    // one place is enough for it, and the root is the usual one
    if (consents.length === 0) signals.push([`ai.txt: ${ai[0]!.said.missing}`, ai[0]!.at])
    const { refused, reason } = weighConsents(consents, honoured)
    return { failure: refused ? failure('optout_site', reason) : null, signals, reservation }
  }

  return {
    /** @throws the signal's reason */
    async ask(url: URL, signal: AbortSignal): Promise<SiteSays> {
      const robots = await askRobots(url, signal)
      if (robots.failure !== null) return robots
      const others = await askOthers(url, signal)
      return { ...others, signals: [...robots.signals, ...others.signals] }
    },
  }
}

/** File types are meant in any case of letters. */
function readAi(rules: RobotsTxt, url: URL): Consent {
  const lower = new URL(url)
  lower.pathname = url.pathname.toLowerCase()
  const tokens = [...new Set([...rules.forbids(url), ...rules.forbids(lower)])]
  return tokens.length === 0
    ? { refused: false, signals: ['ai.txt: allowed'] }
    : { refused: true, signals: tokens.map((token) => `ai.txt: disallow ${token}`) }
}

function unreachable(why: string): Failure {
  return failure('optout_robots', `robots.txt unreachable: ${why}`)
}
