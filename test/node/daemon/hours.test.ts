import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isWithin, parseHours } from '../../../node/daemon/hours.ts'
import { codeOf } from '../with-node.ts'

const hours = suite('hours')

/** The hours of a day in which work is allowed. */
function allowed(text: string): number[] {
  const parsed = parseHours(text)
  return Array.from({ length: 24 }, (_, hour) => hour).filter((hour) =>
    isWithin(parsed, new Date(2026, 5, 1, hour, 59)),
  )
}

hours('begin with the first and end before the second', () => {
  assert.equal(allowed('9-12'), [9, 10, 11])
  assert.equal(allowed('0-3'), [0, 1, 2])
  assert.equal(allowed('22-24'), [22, 23])
})

hours('go on over midnight', () => {
  assert.equal(allowed('22-2'), [0, 1, 22, 23])
  assert.equal(allowed('23-0'), [23])
})

hours('that are none are refused', async () => {
  for (const text of ['', '9', '9-9', '24-3', '9-25', '-1-3', '9:00-12:00', ' 9-12'])
    assert.is(await codeOf((async () => parseHours(text))()), 'hours_invalid', text)
})

hours.run()
