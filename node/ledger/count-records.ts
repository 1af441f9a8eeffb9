import { LRUCache } from 'lru-cache'
import type { Kind } from '../../protocol/domains.ts'
import { CLAIM_WINDOW_MS, SYNCED_CLAIMS_WINDOW_MS } from '../../protocol/timing.ts'
import type { How } from './intake.ts'
import { nameOfDigest } from './record-id.ts'

/** Peers and windows that are counted: beyond these the longest silent may begin again. */
const MAX_COUNTED = 50_000

/**
 * Counts the records of each peer in the current window of the clock, apart for each way that they come: what a
 * newcomer gets by its first sync was gossiped over hours, and leaves no less room for what is gossiped next. A node's
 * own are never too many.
 */
export function countRecords() {
  const counts = new LRUCache<string, number>({ max: MAX_COUNTED })

  function nameOf(kind: Kind, peer: Uint8Array, how: How, now: number): string {
    const window = Math.floor(now / (how === 'sync' ? SYNCED_CLAIMS_WINDOW_MS : CLAIM_WINDOW_MS))
    return `${kind} ${how} ${window} ${nameOfDigest(peer)}`
  }

  return {
    of: (kind: Kind, peer: Uint8Array, how: How, now: number): number =>
      counts.get(nameOf(kind, peer, how, now)) ?? 0,

    add(kind: Kind, peer: Uint8Array, how: How, now: number): void {
      if (how === 'own') return
      const name = nameOf(kind, peer, how, now)
      counts.set(name, (counts.get(name) ?? 0) + 1)
    },
  }
}
