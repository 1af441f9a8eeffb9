import { resolve } from 'node:path'
import type { Context } from '../declarations.ts'
import { describeSubjects, manageFeeds } from '../feeds.ts'

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const path = resolve(options.out ?? 'removals.feed')
  const counts = await manageFeeds(context, 'exportFeed', args[0]!, path)
  output.emit({ path, counts })
  output.print(`${path} has ${describeSubjects(counts)}, as hashes, and is signed by this node`)
}
