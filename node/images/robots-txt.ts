import robotsParser from 'robots-parser'
import { AI_TOKENS, OWN_TOKEN } from '../../protocol/rules/ai-tokens.ts'
import { sameSpelling } from '../../protocol/rules/path-pattern.ts'
import { readUsageRule, rulesFor, type UsageRule } from '../../protocol/rules/usage.ts'

/** What a robots.txt says to the product tokens that bind us. */
export interface RobotsTxt {
  /** @returns the tokens (`*` for the group of all others) to which the address is forbidden */
  forbids(url: URL): string[]
  /** preferences stated for the address to the tokens that bind us: values of `Content-Usage`, of `Content-Signal` */
  usages(url: URL, kind: UsageKind): string[]
  /** whether it says anything at all to the tokens that bind us */
  isSilent: boolean
  /** milliseconds between requests asked of us, or null */
  crawlDelayMs: number | null
  /** characters kept, for the cache's measure */
  size: number
}

type UsageKind = 'content-usage' | 'content-signal'

// the package's types describe an ES module, its code is the function itself
const createRobots = robotsParser as unknown as typeof robotsParser.default

/**
 * Steps that matching one address may take at most, counted as characters after a `*` times characters of the
 * address: beyond, a file made of stars would hold the process for seconds, this many take some 12 ms.
 * Files of this kind met in the wild need a tenth of it.
 */
const MAX_MATCH_STEPS = 4_000_000
const TOKENS = [OWN_TOKEN, ...AI_TOKENS]
/** Preferences of one file that are read: sites that list their folders have some dozens. */
const MAX_USAGES = 1_000
const KNOWN = new Set(['*', ...TOKENS.map((token) => token.toLowerCase())])

/**
 * Read a robots.txt (RFC 9309). Its lines are sorted by token here, so that other agents' groups take no memory,
 * lines of other kinds (Sitemap, Crawl-delay) end no group (2.2.4), and an address is matched once for each
 * different set of rules; matching itself, longest path first, is robots-parser's.
 *
 * @param url - any address of the site the file speaks for
 */
export function parseRobotsTxt(text: string, url: URL): RobotsTxt {
  const { rules, usages, delays } = sortByToken(text)
  // tokens without a group of their own obey the group of all
  const named = TOKENS.filter((token) => rules.has(token.toLowerCase()))
  const everybody = named.length < TOKENS.length && rules.has('*') ? ['*'] : []
  const binding = ['', ...everybody, ...named.map((token) => token.toLowerCase())]
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
    usages(target, kind) {
      const path = sameSpelling(target.pathname + target.search)
      const stated = binding.flatMap((token) => rulesFor(usages.get(`${kind} ${token}`) ?? [], path))
      return [...new Set(stated.map(({ usage }) => usage))]
    },
    isSilent: [...rules.values()].every((lines) => lines.length === 0) && usages.size === 0,
    crawlDelayMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null,
    size:
      [...sets.keys()].reduce((sum, lines) => sum + lines.length, 0) +
      [...usages.values()].flat().reduce((sum, { path, usage }) => sum + path.length + usage.length, 0),
  }
}

function sortByToken(text: string) {
  const rules = new Map<string, string[]>()
  const usages = new Map<string, UsageRule[]>()
  let usagesLeft = MAX_USAGES
  const delays = new Map<string, number>()
  let agents = new Set<string>()
  let named = false
  let isGrouped = false
  for (const line of text.split(/\r\n|\r|\n/)) {
    const match = /^\s*(user-agent|allow|disallow|crawl-delay|content-usage|content-signal)\s*:([^#]*)/i.exec(
      line,
    )
    if (match === null) continue
    const key = match[1]!.toLowerCase()
    const value = match[2]!.trim()
    if (key === 'user-agent') {
      if (!named) agents = new Set()
      named = true
      isGrouped = true
      // `GPTBot/1.0 (…)` names GPTBot
      const token = /^[^\s/]*/.exec(value)![0].toLowerCase()
      if (!KNOWN.has(token)) continue
      agents.add(token)
      if (!rules.has(token)) rules.set(token, [])
    } else if (key === 'crawl-delay') {
      for (const agent of agents) delays.set(agent, Number(value))
    } else if (key.startsWith('content-')) {
      named = false
      const rule = readUsageRule(value)
      // of a group that binds us, or before the first group, where it can only be meant for all
      if (rule === null) continue
      for (const agent of isGrouped ? agents : ['']) {
        const place = `${key} ${agent}`
        if (!usages.has(place)) usages.set(place, [])
        if (usagesLeft-- > 0) usages.get(place)!.push(rule)
      }
    } else {
      named = false
      for (const agent of agents) rules.get(agent)!.push(`${key}: ${sameSpelling(value)}`)
    }
  }
  return { rules, usages, delays }
}
