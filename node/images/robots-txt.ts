import robotsParser from 'robots-parser'
import { AI_TOKENS, OWN_TOKEN } from '../../protocol/rules/ai-tokens.ts'

/** What a robots.txt says to the product tokens that bind us. */
export interface RobotsTxt {
  /** @returns the tokens (`*` for the group of all others) to which the address is forbidden */
  forbids(url: URL): string[]
  /** milliseconds between requests asked of us, or null */
  crawlDelayMs: number | null
  /** characters kept, for the cache's measure */
  size: number
}

// the package's types describe an ES module, its code is the function itself
const createRobots = robotsParser as unknown as typeof robotsParser.default

/**
 * Steps that matching one address may take at most, counted as characters after a `*` times characters of the
 * address: beyond, a file made of stars would hold the process for seconds, this many take some 12 ms.
 * Files of this kind met in the wild need a tenth of it.
 */
const MAX_MATCH_STEPS = 4_000_000
const TOKENS = [OWN_TOKEN, ...AI_TOKENS]
const KNOWN = new Set(['*', ...TOKENS.map((token) => token.toLowerCase())])

/**
 * Read a robots.txt (RFC 9309). Its lines are sorted by token here, so that other agents' groups take no memory,
 * lines of other kinds (Sitemap, Crawl-delay) end no group (2.2.4), and an address is matched once for each
 * different set of rules; matching itself, longest path first, is robots-parser's.
 *
 * @param url - any address of the site the file speaks for
 */
export function parseRobotsTxt(text: string, url: URL): RobotsTxt {
  const { rules, delays } = sortByToken(text)
  // tokens without a group of their own obey the group of all
  const named = TOKENS.filter((token) => rules.has(token.toLowerCase()))
  const everybody = named.length < TOKENS.length && rules.has('*') ? ['*'] : []
  const sets = new Map<string, string[]>()
  for (const token of [...everybody, ...named]) {
    const lines = rules.get(token.toLowerCase())!.join('\n')
    sets.set(lines, [...(sets.get(lines) ?? []), token])
  }
  const groups = [...sets].map(([lines, tokens]) => ({
    tokens,
    stars: lines.split('\n').reduce((sum, line) => sum + (/\*.*/.exec(line)?.[0].length ?? 0), 0),
    robots: createRobots(new URL('/robots.txt', url).href, `User-agent: *\n${lines}`),
  }))
  const seconds = delays.get(OWN_TOKEN.toLowerCase()) ?? delays.get('*') ?? Number.NaN
  return {
    forbids(target) {
      const address = sameSpelling(target.href)
      return groups.flatMap(({ tokens, stars, robots }) => {
        if (stars * address.length > MAX_MATCH_STEPS) return tokens
        // `undefined`, for an address of another site, is no permission
        return robots.isAllowed(address, '*') === true ? [] : tokens
      })
    },
    crawlDelayMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null,
    size: [...sets.keys()].reduce((sum, lines) => sum + lines.length, 0),
  }
}

function sortByToken(text: string) {
  const rules = new Map<string, string[]>()
  const delays = new Map<string, number>()
  let agents = new Set<string>()
  let named = false
  for (const line of text.split(/\r\n|\r|\n/)) {
    const match = /^\s*(user-agent|allow|disallow|crawl-delay)\s*:([^#]*)/i.exec(line)
    if (match === null) continue
    const key = match[1]!.toLowerCase()
    const value = match[2]!.trim()
    if (key === 'user-agent') {
      if (!named) agents = new Set()
      named = true
      // `GPTBot/1.0 (…)` names GPTBot
      const token = /^[^\s/]*/.exec(value)![0].toLowerCase()
      if (!KNOWN.has(token)) continue
      agents.add(token)
      if (!rules.has(token)) rules.set(token, [])
    } else if (key === 'crawl-delay') {
      for (const agent of agents) delays.set(agent, Number(value))
    } else {
      named = false
      for (const agent of agents) rules.get(agent)!.push(`${key}: ${sameSpelling(value)}`)
    }
  }
  return { rules, delays }
}

/** Percent-encoded letters, digits, `-._~` are compared as what they stand for (RFC 9309, 2.2.2). */
function sameSpelling(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (code) => {
    const char = String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return /[a-z0-9._~-]/i.test(char) ? char : code.toUpperCase()
  })
}
