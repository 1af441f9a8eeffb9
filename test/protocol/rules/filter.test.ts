import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { OUTCOMES } from '../../../protocol/outcomes.ts'
import {
  type FilterRules,
  judgeFile,
  judgeImage,
  judgeLanguage,
  judgeText,
  judgeUrl,
  leastSimilarity,
} from '../../../protocol/rules/filter.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'
import { readCases } from '../read-vectors.ts'

const RULES = { judgeUrl, judgeText, judgeLanguage, judgeFile, judgeImage, leastSimilarity }

interface Case {
  rule: keyof typeof RULES
  preset: string
  input: unknown
  output: string | number | null
}

const vectors = suite('filter vectors')
for (const { comment, rule, preset, input, output } of readCases<Case>('filter')) {
  vectors(comment, () => {
    assert.is(RULES[rule](PRESETS[preset] as FilterRules, input as never), output)
  })
}
vectors.run()

const rules = suite('filter rules')
const presets = fc.constantFrom(...Object.values(PRESETS))
const anyText = fc.string({ unit: fc.oneof(fc.string({ unit: 'binary', maxLength: 9 }), loneSurrogate()) })
const isOutcome = (outcome: string | null) => outcome === null || Object.hasOwn(OUTCOMES, outcome)

rules('any string is judged', () => {
  const address = fc.oneof(anyText, fc.webUrl({ withQueryParameters: true, withFragments: true }))
  fc.assert(
    fc.property(presets, anyText, address, (preset, text, url) => {
      assert.ok(isOutcome(judgeText(preset, text)))
      assert.ok(isOutcome(judgeUrl(preset, url)))
      assert.ok(isOutcome(judgeLanguage(preset, text)))
      assert.type(leastSimilarity(preset, text), 'number')
    }),
    { numRuns: 2000 },
  )
})

rules('characters are code points', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 20 }), (text, most) => {
      const laion = PRESETS['laion-5b'] as FilterRules
      const preset = { ...laion, text: { ...laion.text, minChars: 0, maxChars: most } }
      assert.is(judgeText(preset, text), [...text].length > most ? 'text_long' : null)
    }),
    { numRuns: 2000 },
  )
})

rules('an extension is judged by the path alone', () => {
  const part = fc.stringMatching(/^[a-z0-9.]{0,8}$/)
  fc.assert(
    fc.property(part, part, fc.constantFrom('', '?', '#', '?a=b.gif', '#/c.svg'), (folder, name, tail) => {
      const outcome = judgeUrl(
        PRESETS['laion-5b'] as FilterRules,
        `https://a.example/${folder}/${name}${tail}`,
      )
      assert.is(outcome === 'url_extension', /\.(gif|svg)$/.test(name))
    }),
  )
})

rules('an image is judged alike upright and lying', () => {
  const side = fc.integer({ min: 1, max: 65_535 })
  fc.assert(
    fc.property(presets, side, side, (preset, width, height) => {
      const format = 'png'
      assert.is(
        judgeImage(preset, { format, width, height }),
        judgeImage(preset, { format, width: height, height: width }),
      )
    }),
  )
})

function loneSurrogate(): fc.Arbitrary<string> {
  return fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit))
}

rules.run()
