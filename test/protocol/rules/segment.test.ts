import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { locateSegment, segmentCount } from '../../../protocol/rules/segment.ts'
import { codeOf } from '../fault.ts'
import { readCases } from '../read-vectors.ts'

interface Case {
  sources: { count: number; parts: number }[]
  count: number
  index: number
  place?: object
  error?: string
}

const vectors = suite('segment vectors')
for (const { comment, sources, count, index, place, error } of readCases<Case>('segment')) {
  vectors(comment, async () => {
    assert.is(segmentCount({ sources }), count)
    assert.is(await codeOf(() => locateSegment({ sources }, index)), error ?? null)
    if (error === undefined) assert.equal(locateSegment({ sources }, index), place)
  })
}
vectors.run()

const segment = suite('segment')

segment('every part of every entry is one segment', () => {
  const small = fc.integer({ min: 1, max: 6 })
  fc.assert(
    fc.property(
      fc.array(fc.record({ count: small, parts: small }), { minLength: 1, maxLength: 4 }),
      (sources) => {
        const expected = sources.flatMap(({ count, parts }, source) =>
          Array.from({ length: count * parts }, (_, i) => ({
            source,
            entry: Math.floor(i / parts),
            part: i % parts,
          })),
        )
        const found = Array.from({ length: segmentCount({ sources }) }, (_, i) =>
          locateSegment({ sources }, i),
        )
        assert.equal(found, expected)
      },
    ),
  )
})

segment.run()
