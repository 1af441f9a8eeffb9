import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isBoundMetaName, readRobotsDirectives } from '../../../protocol/rules/robots-directives.ts'
import { readCases } from '../read-vectors.ts'

const test = suite('robots directives')
const read = (...values: string[]) => readRobotsDirectives(values, 'x-robots-tag')

interface Case {
  values?: string[]
  source: string
  refused: boolean
  signals: string[]
  metaName?: string
  binds?: boolean
}

for (const { comment, values, source, refused, signals, metaName, binds } of readCases<Case>(
  'robots-directives',
)) {
  test(comment, () => {
    if (metaName !== undefined) assert.is(isBoundMetaName(metaName), binds)
    else assert.equal(readRobotsDirectives(values!, source), { refused, signals })
  })
}

test('any text is read in linear time, without throwing, into bounded signals', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (values) => {
      assert.ok(read(...values).signals.length <= 16)
    }),
  )
  const start = performance.now()
  read('a'.repeat(200_000), ' '.repeat(200_000), 'noai:'.repeat(40_000), 'x: '.repeat(60_000))
  assert.ok(performance.now() - start < 15_000)
})

test.run()
