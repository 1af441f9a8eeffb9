import { type FilterRules, judgeText, judgeUrl } from '../../protocol/rules/filter.ts'
import { readRobotsDirectives } from '../../protocol/rules/robots-directives.ts'
import type { Candidate, Page } from '../components.ts'
import { MAX_DROPPED_URL_CHARS } from './limits.ts'
import { normalizeText } from './normalize-text.ts'
import type { PageContent, RawImage } from './read-html.ts'
import { type Resolve, resolverOf } from './resolve-address.ts'

/** Where a page comes from. */
export interface PageOrigin {
  url: string
  warcPath: string
  warcOffset: number
  warcLength: number
  sourceOffset: number
  sourceLength: number
}

/**
 * Judge what a page holds: addresses made absolute, texts normalised, and for each candidate the first of the
 * campaign's rules that drops it, in the order of the outcomes. Languages are not told yet: that comes after, and
 * what only the page's opt-out drops may still be dropped for its language.
 *
 * @param robotsTags - values of the response's X-Robots-Tag headers
 */
export function makePage(
  origin: PageOrigin,
  content: PageContent,
  robotsTags: string[],
  rules: FilterRules,
): Page {
  const consents = [
    readRobotsDirectives(robotsTags, 'x-robots-tag'),
    ...content.robots.map(([bot, value]) => readRobotsDirectives([value], `meta ${bot}`)),
  ]
  const refused = consents.some((consent) => consent.refused)
  const resolve = resolverOf(origin.url, content.base)
  const candidates = content.images.map((image) => makeCandidate(image, resolve, rules, refused))
  return { ...origin, signals: [...new Set(consents.flatMap((consent) => consent.signals))], candidates }
}

function makeCandidate(image: RawImage, resolve: Resolve, rules: FilterRules, refused: boolean): Candidate {
  const resolved = resolve(image.address)
  const url = resolved ?? image.address
  const text = normalizeText(image.text)
  const license = image.license === null ? null : resolve(image.license)
  const urlOutcome = resolved === null ? 'url_invalid' : judgeUrl(rules, url)
  const dropped = urlOutcome ?? judgeText(rules, text)
  return {
    ordinal: image.ordinal,
    url: urlOutcome === null ? url : url.slice(0, MAX_DROPPED_URL_CHARS).toWellFormed(),
    text: dropped === null ? text : text.slice(0, rules.text.maxChars).toWellFormed(),
    language: null,
    license: license !== null && license.length <= rules.url.maxChars ? license : null,
    outcome: dropped ?? (refused ? 'optout_page' : null),
  }
}
