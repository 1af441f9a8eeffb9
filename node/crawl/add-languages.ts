import { type FilterRules, judgeLanguage } from '../../protocol/rules/filter.ts'
import type { Candidate, Extracted } from '../components.ts'

/** The language of each text as an ISO 639-1 code, or null where that can't be told. */
export type DetectLanguages = (texts: string[]) => Promise<(string | null)[]>

/** Items whose languages are being detected while others are read and used. */
const AHEAD = 2

/**
 * Tell the languages of the candidates that no earlier rule has dropped, and drop those that the campaign does not
 * take. An opt-out comes after the language in the order of outcomes, so it gives way.
 */
export async function* addLanguages(
  items: AsyncIterable<Extracted>,
  rules: FilterRules,
  detect: DetectLanguages,
): AsyncGenerator<Extracted> {
  const waiting: Promise<Extracted>[] = []
  for await (const item of items) {
    const told = tellLanguages(item, rules, detect)
    // its error is looked at when its turn comes
    told.catch(() => {})
    waiting.push(told)
    if (waiting.length > AHEAD) yield (await waiting.shift()) as Extracted
  }
  for (const told of waiting) yield await told
}

/** The same for one item. */
export async function tellLanguages(
  item: Extracted,
  rules: FilterRules,
  detect: DetectLanguages,
): Promise<Extracted> {
  const candidates = item.pages.flatMap((page) => page.candidates).filter(isOpen)
  if (candidates.length === 0) return item
  const languages = await detect(candidates.map((candidate) => candidate.text))
  candidates.forEach((candidate, i) => {
    candidate.language = languages[i] ?? null
    candidate.outcome = judgeLanguage(rules, candidate.language) ?? candidate.outcome
  })
  return item
}

function isOpen({ outcome }: Candidate): boolean {
  return outcome === null || outcome === 'optout_page'
}
