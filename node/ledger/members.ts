import type { Entry } from '../../protocol/records/record.ts'
import { ACTIVE_MS, LEASE_MS } from '../../protocol/timing.ts'
import type { Store, Write } from '../store/store.ts'
import type { How } from './intake.ts'
import type { Joined } from './load.ts'
import { numberKey } from './number-key.ts'

/** A peer's last activity is written again when it is later by this. */
const STEP_MS = 10 * 60_000

/** Keeps when each peer was last active in a campaign, for as long as it counts. What is to be written goes into `writes`. */
export function keepMembers(store: Store, clock: () => number) {
  function remove(one: Joined, peer: number, writes: Write[]): void {
    one.members.delete(peer)
    writes.push({ type: 'del', sublevel: store.members, key: numberKey(one.number, peer) })
  }

  return {
    note(one: Joined, peer: number, at: number, writes: Write[]): void {
      const before = one.members.get(peer) ?? 0
      if (at < before + STEP_MS || at <= clock() - ACTIVE_MS) return
      one.members.set(peer, at)
      const value = new Uint8Array(8)
      new DataView(value.buffer).setFloat64(0, at)
      writes.push({ type: 'put', sublevel: store.members, key: numberKey(one.number, peer), value })
    },

    sweep(one: Joined, writes: Write[]): void {
      const since = clock() - ACTIVE_MS
      for (const [peer, at] of one.members) if (at <= since) remove(one, peer, writes)
    },

    forget(one: Joined, writes: Write[]): void {
      for (const peer of one.members.keys()) remove(one, peer, writes)
    },
  }
}

/**
 * When a record shows its peer to have been active. A renewed claim keeps the time it was issued, but its end tells
 * when that was; a shard or a verdict of long ago that comes in a sync tells nothing.
 */
export function activeAt(entry: Entry, how: How, now: number): number {
  if (entry.kind === 'claim')
    return Math.min(now, Math.max(entry.value.issued, entry.value.expires - LEASE_MS))
  // whoever has something removed need not work here
  return how === 'sync' || entry.kind === 'removal' || entry.kind === 'head' ? 0 : now
}
