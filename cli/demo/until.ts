import { setTimeout as sleep } from 'node:timers/promises'
import { ShoalError } from '../../protocol/errors.ts'

/** Milliseconds between two looks. */
const LOOK_MS = 100

/**
 * Wait for something that may be interrupted, for a time that only what is broken takes.
 *
 * @param failure - what to say when the time is over
 * @throws the signal's reason; ShoalError `demo_late`
 */
export async function until<T>(
  signal: AbortSignal,
  ms: number,
  failure: string | (() => string),
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const late = new AbortController()
  // AbortSignal.timeout would not keep the process from ending
  const timer = setTimeout(() => late.abort(), ms)
  const either = AbortSignal.any([signal, late.signal])
  const { promise: end, reject } = Promise.withResolvers<never>()
  const onAbort = () =>
    reject(
      signal.aborted
        ? signal.reason
        : new ShoalError(
            'demo_late',
            `${typeof failure === 'string' ? failure : failure()} within ${ms / 1000} s: try again when this machine is less busy`,
          ),
    )
  either.addEventListener('abort', onAbort)
  try {
    const working = work(either)
    working.catch(() => {})
    return await Promise.race([end, working])
  } finally {
    clearTimeout(timer)
    either.removeEventListener('abort', onAbort)
  }
}

/** Look again and again until there is something, as `until`. */
export function poll<T>(
  signal: AbortSignal,
  ms: number,
  failure: () => string,
  look: () => Promise<T | null>,
): Promise<T> {
  return until(signal, ms, failure, async (either) => {
    for (;;) {
      const found = await look()
      if (found !== null) return found
      await sleep(LOOK_MS, undefined, { signal: either })
    }
  })
}
