import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import type { KnownShard, Ledger } from '../ledger/ledger.ts'

/** Shards remembered of which another's was known before: the most recent. */
const MAX_LATER = 10_000
/**
 * Milliseconds by which one shard must have been heard of before another to be called the earlier one. Gossip takes
 * less; whoever copies within them may be taken for a node that was slow to hear.
 */
const CLEARLY_EARLIER_MS = 10_000

/** Remembers when shards were first heard of, and which of two on one segment was clearly the first. */
export function hearShards(ledger: Ledger, clock: () => number) {
  const start = clock()
  /** what was known before the start is not in it */
  const heard = new Map<string, number>()
  const later = new LRUCache<string, KnownShard[]>({ max: MAX_LATER })

  const heardAt = (record: CID) => heard.get(record.toString()) ?? start
  const forget = ledger.subscribe(({ kind, id, campaign, work, how }) => {
    if (kind !== 'shard' || work === null) return
    const now = clock()
    heard.set(id.toString(), now)
    // what comes in a sync may be older than all that is known here
    if (how !== 'gossip') return
    const others = ledger
      .shardsOf(campaign, work.segment)
      .filter((other) => !other.id.equals(id) && Buffer.compare(other.peer, work.peer) !== 0)
      .filter((other) => heardAt(other.id) <= now - CLEARLY_EARLIER_MS)
    if (others.length > 0) later.set(id.toString(), others)
  })

  return {
    /** @param record - id of the shard's record. @returns milliseconds since 1970; the start, of what was known then */
    heardAt,
    /** Other producers' shards of the same segment that were known here clearly before this one was published. */
    before: (record: CID): readonly KnownShard[] => later.get(record.toString()) ?? [],
    close: forget,
  }
}

export type Hearings = ReturnType<typeof hearShards>
