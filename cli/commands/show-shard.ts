import type { Context } from '../declarations.ts'
import { manageShards } from '../shards.ts'
import { showShard } from '../show-shard.ts'

export async function run(context: Context): Promise<void> {
  const { args, output } = context
  showShard(output, await manageShards(context, 'showShard', args[0]!))
}
