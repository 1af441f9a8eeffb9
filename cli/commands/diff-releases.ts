import type { Context } from '../declarations.ts'
import { formatCount } from '../numbers.ts'
import { manageReleases } from '../releases.ts'

export async function run(context: Context): Promise<void> {
  const { args, output } = context
  const diff = await manageReleases(context, 'diffReleases', args[0]!, args[1]!)
  const { before, after, shards, pairs } = diff
  output.heading(`Release ${before.number} to release ${after.number}`)
  const rows = [
    ['shards', ...[shards.came, shards.gone, shards.stayed + shards.changed].map(formatCount)],
    ...(pairs === null ? [] : [['pairs', ...[pairs.came, pairs.gone, pairs.stayed].map(formatCount)]]),
  ]
  output.table(
    [
      { title: '' },
      { title: 'came', align: 'right' },
      { title: 'went', align: 'right' },
      { title: 'stayed', align: 'right' },
    ],
    rows,
  )
  if (pairs === null) output.print('Pairs of shards that differ are not here: they were not compared.')
  output.print()
  output.print(
    `duplicates left out: ${formatCount(before.counts.duplicates)}, then ${formatCount(after.counts.duplicates)}`,
  )
  output.print(
    `removed rows: ${formatCount(before.counts.removed)}, then ${formatCount(after.counts.removed)}`,
  )
  output.emit(diff)
}
