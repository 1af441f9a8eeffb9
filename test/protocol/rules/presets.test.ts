import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FilterRules } from '../../../protocol/rules/filter.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'
import { readCases } from '../read-vectors.ts'

interface Case {
  rules: FilterRules
}

const presets = suite('presets')

presets('are those of the vectors, and no others', () => {
  const cases = readCases<Case>('presets')
  assert.equal(PRESETS, Object.fromEntries(cases.map(({ comment, rules }) => [comment, rules])))
})

presets.run()
