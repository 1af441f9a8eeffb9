import type { Context } from '../declarations.ts'
import { formatCount, formatThings } from '../numbers.ts'
import { manageReleases } from '../releases.ts'
import { dateOf, explainRefusal } from '../show-release.ts'
import { suggest } from '../suggest.ts'
import { shorten } from '../table.ts'

export async function run(context: Context): Promise<void> {
  const { output, options } = context
  const releases = await manageReleases(context, 'listReleases')
  output.emit({ releases })
  if (releases.length === 0)
    output.print(`No releases here yet. Make one: ${suggest('release create CAMPAIGN', options.data)}`)
  for (const { release, name, number, counts, removals, refused } of releases) {
    output.print(release)
    output.print(
      `  ${shorten(name ?? 'unknown campaign', 24)} ${number}: ${formatCount(counts.pairs)} pairs in ${formatThings(counts.shards, 'shard')}, ${dateOf(removals.thisUpdate)}`,
    )
    if (refused !== null) output.print(`  ${explainRefusal(refused)}`)
  }
}
