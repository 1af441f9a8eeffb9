/** Rates are those of the last seconds: long enough to be steady, short enough to follow a slow site. */
const WINDOW_MS = 15_000
/** Before this much time nothing can be said. */
const LEAST_MS = 500

export interface Meter {
  /** per second, or null while unknown */
  rate: number | null
  /** seconds to the end, or null while unknown */
  left: number | null
}

/** @returns a function that takes how far the work is and tells its speed */
export function createMeter(now: () => number): (done: number, total: number | null) => Meter {
  const seen: { at: number; done: number }[] = []
  return (done, total) => {
    const at = now()
    seen.push({ at, done })
    while (seen.length > 2 && at - seen[1]!.at >= WINDOW_MS) seen.shift()
    const first = seen[0]!
    if (at - first.at < LEAST_MS || done <= first.done) return { rate: null, left: null }
    const rate = ((done - first.done) * 1000) / (at - first.at)
    return { rate, left: total === null ? null : Math.max(0, total - done) / rate }
  }
}
