import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { floorOf, medianOf, trendOf } from '../../scripts/soak/trend.ts'

const HOUR_MS = 3_600_000
const trends = suite('trends of a soak')

trends('a leak is seen through the ups and downs of a heap', () => {
  const leak = Array.from({ length: 900 }, (_, i) => ({
    at: i * 2_000,
    value: 200 + (i / 1_800) * 50 + (i % 13),
  }))
  const { perHour, error } = trendOf(floorOf(leak, 30_000))
  assert.ok(Math.abs(perHour - 50) < 3, `${perHour}`)
  assert.ok(error < 3, `${error}`)
})

trends('what goes up and down and comes back does not grow', () => {
  const flat = Array.from({ length: 900 }, (_, i) => ({ at: i * 2_000, value: 200 + ((i * 7) % 31) }))
  assert.ok(Math.abs(trendOf(floorOf(flat, 60_000)).perHour) < 2)
})

trends('a line is a line', () => {
  const { perHour, error } = trendOf([0, 1, 2, 3].map((at) => ({ at: at * HOUR_MS, value: 5 * at })))
  assert.ok(Math.abs(perHour - 5) < 1e-9 && error < 1e-9)
})

trends('too few points say nothing', () => {
  assert.ok(Number.isNaN(trendOf([{ at: 0, value: 1 }]).perHour))
  assert.ok(Number.isNaN(medianOf([])))
  assert.is(medianOf([3, 1, 2]), 2)
})

trends.run()
