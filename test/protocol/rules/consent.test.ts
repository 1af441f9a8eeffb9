import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { matchesPattern, sameSpelling } from '../../../protocol/rules/path-pattern.ts'
import { readResponseConsent } from '../../../protocol/rules/response-consent.ts'
import { findReservation, parseTdmrep } from '../../../protocol/rules/tdmrep.ts'
import { readTrainingMining } from '../../../protocol/rules/training-mining.ts'
import {
  readContentSignal,
  readContentUsage,
  readUsageRule,
  rulesFor,
} from '../../../protocol/rules/usage.ts'
import { readXmp } from '../../../protocol/rules/xmp.ts'
import { readCases } from '../read-vectors.ts'

const test = suite('consent')

// biome-ignore lint/suspicious/noExplicitAny: each rule has its own input
const RULES: Record<string, (input: any) => unknown> = {
  pattern: ({ pattern, path }) => matchesPattern(sameSpelling(pattern), sameSpelling(path)),
  'content-usage': ({ usages, source }) => readContentUsage(usages, source),
  'content-signal': ({ usages, source }) => readContentSignal(usages, source),
  'usage-rules'({ lines, path }: { lines: string[]; path: string }) {
    const rules = lines.map(readUsageRule).filter((rule) => rule !== null)
    return rulesFor(rules, sameSpelling(path)).map(({ usage }) => usage)
  },
  tdmrep({ text, path }) {
    const rules = parseTdmrep(text)
    if (rules === null) return 'unreadable'
    const found = findReservation(rules, sameSpelling(path))
    return found && { reserved: found.reserved, policy: found.policy }
  },
  response: ({ honoured, ...spoken }) => readResponseConsent(spoken, honoured),
  xmp: readXmp,
  'training-mining': readTrainingMining,
}

interface Case {
  rule: string
  input: unknown
  output: unknown
}

for (const { comment, rule, input, output } of readCases<Case>('consent')) {
  test(comment, () => {
    assert.equal(RULES[rule]!(input), output)
  })
}

test('a pattern says what a regular expression made of it does', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '*', '$') })
  fc.assert(
    fc.property(part, fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '$') }), (pattern, path) => {
      const isAnchored = pattern.endsWith('$')
      const body = (isAnchored ? pattern.slice(0, -1) : pattern)
        .split('*')
        .map((text) => text.replace(/[.$/]/g, '\\$&'))
        .join('.*')
      assert.is(matchesPattern(pattern, path), new RegExp(`^${body}${isAnchored ? '$' : ''}`, 's').test(path))
    }),
  )
})

test('any text is read without throwing, in little time', () => {
  fc.assert(
    fc.property(fc.string(), fc.webUrl(), (text, path) => {
      readContentUsage([text], 's')
      readContentSignal([text], 's')
      readXmp(`DataMining ${text}`)
      findReservation(parseTdmrep(text) ?? [], path)
      sameSpelling(text)
      readUsageRule(text)
    }),
  )
  fc.assert(
    fc.property(fc.anything(), (value) => {
      readTrainingMining(value)
      parseTdmrep(JSON.stringify(value) ?? '')
    }),
  )
  const start = performance.now()
  matchesPattern('*a'.repeat(1_000), 'b'.repeat(2_000_000))
  matchesPattern('a*'.repeat(50_000), 'ab'.repeat(50_000))
  readContentUsage([' '.repeat(500_000), 'a=('.repeat(200_000)], 's')
  readContentSignal([`ai-train${' '.repeat(500_000)}x`], 's')
  readUsageRule(`/${' '.repeat(500_000)}x`)
  readXmp(`DMI-${'<a>'.repeat(300_000)}`)
  readXmp(`DMI-${'<p:DataMining>'.repeat(70_000)}`)
  readXmp('DMI-PROHIBITED'.repeat(70_000))
  const rules = parseTdmrep(JSON.stringify(Array.from({ length: 30_000 }, () => ({ location: '*a*a*a*b' }))))!
  findReservation(rules, `/${'a'.repeat(2_000)}`)
  assert.ok(performance.now() - start < 15_000, `${performance.now() - start} ms`)
})

test.run()
