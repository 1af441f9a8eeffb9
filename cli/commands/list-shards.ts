import type { Context } from '../declarations.ts'
import { formatBytes, formatCount } from '../numbers.ts'
import { manageShards } from '../shards.ts'
import { suggest } from '../suggest.ts'
import { shorten } from '../table.ts'

export async function run(context: Context): Promise<void> {
  const { output, options } = context
  const shards = await manageShards(context, 'listShards')
  output.emit({ shards })
  if (shards.length === 0)
    output.print(`No shards here yet. Make one: ${suggest('crawl FILE', options.data)}`)
  for (const { manifest, name, pairs, candidates, bytes } of shards) {
    output.print(manifest)
    output.print(
      `  ${shorten(name, 40)}: ${formatCount(pairs)} pairs of ${formatCount(candidates)} candidates, ${formatBytes(bytes)}`,
    )
  }
}
