import { setImmediate as breathe } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import type { JudgedShard, Ledger } from '../ledger/ledger.ts'
import { describeShard, type ShardStanding } from './list-judged.ts'

/** Shards remembered that came or were judged anew. */
const MAX_RECENT = 200
/** Shards looked at in one go. */
const IN_ONE_GO = 1_000

interface Place {
  campaign: CID
  /** of the shard's record */
  id: CID
}

/**
 * Remembers which shards came or were judged anew lately. Records bear no times: of what was known before, those with the
 * highest places in their producers' chains are taken for the newest.
 */
export function watchShards(ledger: Ledger, self: Uint8Array) {
  const recent = new LRUCache<string, Place>({ max: MAX_RECENT })
  const note = ({ id, campaign }: Place) => void recent.set(id.toString(), { id, campaign })
  const ends = [
    ledger.subscribe((change) => {
      if (change.kind === 'shard') note(change)
    }),
    ledger.subscribeStates(note),
  ]
  let looking: Promise<void> | null = null

  /** What was known before comes before what was noted since. */
  async function lookBack(): Promise<void> {
    const before: (Place & { seq: number })[] = []
    let looked = 0
    for (const { id: campaign } of ledger.campaigns())
      for (const { id, seq } of (await ledger.judgements(campaign)).shards()) {
        before.push({ campaign, id, seq })
        if (++looked % IN_ONE_GO > 0) continue
        keepHighest(before)
        await breathe()
      }
    keepHighest(before)
    const since = [...recent.values()].reverse()
    for (const place of [...before.reverse(), ...since]) note(place)
  }

  return {
    /** @returns the newest first; at most `count`, and MAX_RECENT */
    async newest(count: number): Promise<ShardStanding[]> {
      looking ??= lookBack().catch((error) => {
        looking = null
        throw error
      })
      await looking
      const joined = new Set(ledger.campaigns().map(({ id }) => id.toString()))
      const places = [...recent.values()].filter(({ campaign }) => joined.has(campaign.toString()))
      const found: Promise<ShardStanding>[] = []
      for (const { campaign, id } of places.slice(0, count)) {
        const shard: JudgedShard | null = (await ledger.judgements(campaign)).shard(id)
        if (shard) found.push(describeShard(ledger, self, campaign, shard))
      }
      return Promise.all(found)
    },
    close(): void {
      for (const end of ends) end()
    },
  }
}

/** The highest first. */
function keepHighest(places: (Place & { seq: number })[]): void {
  places.sort((a, b) => b.seq - a.seq)
  places.length = Math.min(places.length, MAX_RECENT)
}
