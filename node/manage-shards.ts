import type { Shards } from './components.ts'
import { type Hiding, rowHider } from './denied/denied.ts'
import type { Home } from './home.ts'
import { openRecords } from './open-records.ts'
import { parseManifest } from './parse-cid.ts'
import { describeShard, listShards, readShard } from './shard/shard.ts'

/**
 * What can be done with the shards in a data directory.
 *
 * @param hiding - of the daemon that has the directory open; null where none does
 * @param clock - milliseconds since 1970
 */
export function manageShards(home: Home, hiding: Hiding | null, clock: () => number): Shards {
  return {
    async showShard(cid) {
      const shard = await readShard(home, parseManifest(cid))
      const opened = hiding === null ? await openRecords(home, clock) : null
      try {
        const hidden = await (hiding ?? opened!.hiding).hiddenIn(shard.manifest.campaign)
        return await describeShard(home, shard, rowHider(hidden))
      } finally {
        await opened?.close()
      }
    },
    listShards: () => listShards(home),
  }
}
