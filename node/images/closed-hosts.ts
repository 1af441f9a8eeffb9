import { LRUCache } from 'lru-cache'
import type { Failure } from '../web/web.ts'

interface Closure {
  until: number
  reason: Failure
}

/**
 * Hosts that are to be left alone until some time, by the clock given. What a host asked of us and what others say of
 * it are kept apart, so that no talk of others makes us forget the one, or shortens it.
 *
 * @param most - hosts of either kind; beyond them the one that nobody wanted for longest is forgotten
 */
export function startClosedHosts(most: number, now: () => number) {
  const asked = new LRUCache<string, Closure>({ max: most })
  const heard = new LRUCache<string, Closure>({ max: most })

  return {
    close(name: string, until: number, reason: Failure, source: 'asked' | 'heard'): void {
      const kept = source === 'asked' ? asked : heard
      if ((kept.get(name)?.until ?? 0) < until) kept.set(name, { until, reason })
    },
    /** @returns why the host is not asked now, or null */
    reasonFor(name: string): Failure | null {
      for (const kept of [asked, heard]) {
        const closure = kept.get(name)
        if (closure === undefined) continue
        if (closure.until > now()) return closure.reason
        kept.delete(name)
      }
      return null
    },
  }
}
