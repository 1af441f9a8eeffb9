/** How a figure went over time. */
export interface Trend {
  /** a unit an hour, by least squares */
  perHour: number
  /** standard error of that, with what follows on one another counted as half as much news */
  error: number
}

/** Of two points in time and value the figures say nothing: fewer than these give NaN. */
const LEAST_POINTS = 4

/**
 * The line of least squares through values over time.
 *
 * @param points - `at` in milliseconds
 */
export function trendOf(points: readonly { at: number; value: number }[]): Trend {
  const count = points.length
  if (count < LEAST_POINTS) return { perHour: Number.NaN, error: Number.NaN }
  const hours = points.map(({ at }) => at / 3_600_000)
  const meanHour = mean(hours)
  const meanValue = mean(points.map(({ value }) => value))
  let spread = 0
  let product = 0
  for (const [i, { value }] of points.entries()) {
    spread += (hours[i]! - meanHour) ** 2
    product += (hours[i]! - meanHour) * (value - meanValue)
  }
  const perHour = product / spread
  let left = 0
  for (const [i, { value }] of points.entries())
    left += (value - meanValue - perHour * (hours[i]! - meanHour)) ** 2
  return { perHour, error: Math.SQRT2 * Math.sqrt(left / (count - 2) / spread) }
}

/**
 * The least value of each stretch of time: a heap goes up and down by its collections, and what is left after them is what
 * may grow.
 */
export function floorOf(
  points: readonly { at: number; value: number }[],
  stretchMs: number,
): { at: number; value: number }[] {
  const stretches = Map.groupBy(points, ({ at }) => Math.floor(at / stretchMs))
  return [...stretches.values()].map((some) => some.reduce((a, b) => (b.value < a.value ? b : a)))
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
