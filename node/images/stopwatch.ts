import { performance } from 'node:perf_hooks'

/** Time that may be spent: it runs while something else is at work, and stands while this machine makes it wait. */
export interface Stopwatch {
  /** Go on; `onEnd` is called when the time is spent. */
  run(onEnd: () => void): void
  stop(): void
  /** milliseconds */
  left(): number
}

export function startStopwatch(totalMs: number): Stopwatch {
  let left = totalMs
  let startedAt: number | null = null
  let timer: NodeJS.Timeout | undefined
  return {
    run(onEnd) {
      if (startedAt !== null) return
      startedAt = performance.now()
      timer = setTimeout(onEnd, left)
    },
    stop() {
      if (startedAt === null) return
      clearTimeout(timer)
      left -= performance.now() - startedAt
      startedAt = null
    },
    left: () => left,
  }
}
