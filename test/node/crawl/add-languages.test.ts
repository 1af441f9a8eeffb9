import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Candidate, Extracted } from '../../../node/components.ts'
import { addLanguages } from '../../../node/crawl/add-languages.ts'
import detectLanguages from '../../../node/crawl/language-worker.ts'
import { noCounts } from '../../../node/crawl/read-slice.ts'
import type { Outcome } from '../../../protocol/outcomes.ts'
import { RULES } from './read-all.ts'

const test = suite('languages')
const GERMAN = { ...RULES, text: { ...RULES.text, languages: ['de'] } }

function item(...candidates: [text: string, outcome: Outcome | null][]): Extracted {
  const made = candidates.map(
    ([text, outcome], ordinal): Candidate => ({
      ordinal,
      url: 'u',
      text,
      language: null,
      license: null,
      outcome,
    }),
  )
  const place = { warcPath: 'w', warcOffset: 0, warcLength: 1, sourceOffset: 0, sourceLength: 1 }
  return {
    pages: [{ url: 'p', ...place, date: null, signals: [], candidates: made }],
    images: [],
    counts: noCounts(),
  }
}

test('eld tells them, or does not', () => {
  const texts = [
    'a photo of a cat on a red bench',
    'Der Hund läuft durch den Wald',
    'Москва красная площадь',
    'Logo',
    '',
  ]
  assert.equal(detectLanguages(texts), ['en', 'de', 'ru', null, null])
})

test('only what is not dropped is asked for, in order, and the language comes before the opt-out', async () => {
  const asked: string[][] = []
  const detect = async (texts: string[]) => {
    asked.push(texts)
    await new Promise((resolve) => setTimeout(resolve, 5 * (4 - asked.length)))
    return texts.map((text) => (text === '?' ? null : text))
  }
  async function* items() {
    yield item(['de', null], ['en', null], ['x', 'url_long'], ['?', null])
    yield item(['x', 'text_short'])
    yield item(['en', 'optout_page'], ['de', 'optout_page'])
  }
  const seen: unknown[] = []
  for await (const { pages } of addLanguages(items(), GERMAN, detect)) {
    seen.push(pages.flatMap((page) => page.candidates.map(({ language, outcome }) => [language, outcome])))
  }
  assert.equal(asked, [
    ['de', 'en', '?'],
    ['en', 'de'],
  ])
  assert.equal(seen, [
    [
      ['de', null],
      ['en', 'language'],
      [null, 'url_long'],
      [null, 'language'],
    ],
    [[null, 'text_short']],
    [
      ['en', 'language'],
      ['de', 'optout_page'],
    ],
  ])
})

test('a failure comes out', async () => {
  async function* items() {
    yield item(['a', null])
    yield item(['b', null])
  }
  const failing = addLanguages(items(), RULES, () => Promise.reject(new Error('no model')))
  const error = await failing.next().catch((reason) => reason)
  assert.is(error.message, 'no model')
})

test.run()
