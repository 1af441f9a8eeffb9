import type { ConsentSignal } from '../../protocol/rules/consent.ts'
import { type FilterRules, judgeText, judgeUrl } from '../../protocol/rules/filter.ts'
import { redact } from '../../protocol/rules/redact.ts'
import { readResponseConsent, type Spoken } from '../../protocol/rules/response-consent.ts'
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
  /** when it was archived, milliseconds since 1970; null where that is not known */
  date: number | null
}

/**
 * Judge what a page holds: addresses made absolute, texts normalised and redacted, and for each candidate the first of the
 * campaign's rules that drops it, in the order of the outcomes. Languages are not told yet: that comes after, and
 * what only the page's opt-out drops may still be dropped for its language.
 *
 * @param headers - of the response: those that opt out, at least
 * @param honoured - the campaign's `pipeline.consent`
 */
export function makePage(
  origin: PageOrigin,
  content: PageContent,
  headers: Spoken['headers'],
  rules: FilterRules,
  honoured: readonly ConsentSignal[],
): Page {
  const { refused, signals } = readResponseConsent({ headers, metas: content.metas }, honoured)
  const resolve = resolverOf(origin.url, content.base)
  const candidates = content.images.map((image) => makeCandidate(image, resolve, rules, refused))
  return { ...origin, signals, candidates }
}

function makeCandidate(image: RawImage, resolve: Resolve, rules: FilterRules, refused: boolean): Candidate {
  const resolved = resolve(image.address)
  const url = resolved ?? image.address
  const text = redact(normalizeText(image.text))
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
