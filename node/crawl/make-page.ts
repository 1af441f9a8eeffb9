import { type FilterRules, judgeLanguage, judgeText, judgeUrl } from '../../protocol/rules/filter.ts'
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
}

/** ISO 639-1 code of a text, or null where that can't be told. */
export type DetectLanguage = (text: string) => string | null

/**
 * Judge what a page holds: addresses made absolute, texts normalised, and for each candidate the first of the
 * campaign's rules that drops it, in the order of the outcomes.
 *
 * @param robotsTags - values of the response's X-Robots-Tag headers
 */
export function makePage(
  origin: PageOrigin,
  content: PageContent,
  robotsTags: string[],
  rules: FilterRules,
  detect: DetectLanguage,
): Page {
  const consents = [
    readRobotsDirectives(robotsTags, 'x-robots-tag'),
    ...content.robots.map(([bot, value]) => readRobotsDirectives([value], `meta ${bot}`)),
  ]
  const refused = consents.some((consent) => consent.refused)
  const resolve = resolverOf(origin.url, content.base)
  const candidates = content.images.map((image) => makeCandidate(image, resolve, rules, detect, refused))
  return { ...origin, signals: [...new Set(consents.flatMap((consent) => consent.signals))], candidates }
}

function makeCandidate(
  image: RawImage,
  resolve: Resolve,
  rules: FilterRules,
  detect: DetectLanguage,
  refused: boolean,
): Candidate {
  const resolved = resolve(image.address)
  const url = resolved ?? image.address
  const text = normalizeText(image.text)
  const license = image.license === null ? null : resolve(image.license)
  const urlOutcome = resolved === null ? 'url_invalid' : judgeUrl(rules, url)
  let outcome = urlOutcome ?? judgeText(rules, text)
  let language: string | null = null
  if (outcome === null) {
    language = detect(text)
    outcome = judgeLanguage(rules, language) ?? (refused ? 'optout_page' : null)
  }
  return {
    ordinal: image.ordinal,
    url: urlOutcome === null ? url : url.slice(0, MAX_DROPPED_URL_CHARS).toWellFormed(),
    text: outcome === null ? text : text.slice(0, rules.text.maxChars).toWellFormed(),
    language,
    license: license !== null && license.length <= rules.url.maxChars ? license : null,
    outcome,
  }
}
