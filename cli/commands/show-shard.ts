import type { Context } from '../declarations.ts'
import { withNode } from '../open.ts'
import { showShard } from '../show-shard.ts'

export async function run(context: Context): Promise<void> {
  const { args, output } = context
  showShard(output, await withNode(context, {}, (node) => node.showShard(args[0]!)))
}
