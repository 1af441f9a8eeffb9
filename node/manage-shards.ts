import type { Shards } from './components.ts'
import type { Home } from './home.ts'
import { parseManifest } from './parse-cid.ts'
import { describeShard, listShards, readShard } from './shard/shard.ts'

/** What can be done with the shards in a data directory. */
export function manageShards(home: Home): Shards {
  return {
    showShard: async (cid) => describeShard(home, await readShard(home, parseManifest(cid))),
    listShards: () => listShards(home),
  }
}
