import { resolve } from 'node:path'
import type { Context } from '../declarations.ts'
import { describeSubjects, manageFeeds } from '../feeds.ts'
import { dateOf } from '../show-release.ts'

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const signers = options.signer === undefined ? [] : [options.signer]
  const feed = await manageFeeds(context, 'importFeed', resolve(args[0]!), signers)
  output.emit(feed)
  output.print(`Hidden from now on, of campaign ${feed.campaign}: ${describeSubjects(feed.counts)}`)
  output.print(`as ${feed.source} signed on ${dateOf(feed.issued)}`)
}
