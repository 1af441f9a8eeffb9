import type { ManagedFeeds } from '../node/manage-feeds.ts'
import { findDataDir } from '../node/paths.ts'
import { tryControl } from './control.ts'
import type { Context } from './declarations.ts'
import { formatThings } from './numbers.ts'

type Act = keyof ManagedFeeds
type Answer<Name extends Act> = Awaited<ReturnType<ManagedFeeds[Name]>>

/** Do something with the feeds of the command line's data directory: through its daemon, where one runs. */
export async function manageFeeds<Name extends Act>(
  context: Context,
  act: Name,
  ...args: Parameters<ManagedFeeds[Name]>
): Promise<Answer<Name>> {
  const answer: unknown = await tryControl(context, act, args)
  if (answer !== undefined) return answer as Answer<Name>
  // loaded last: whatever can be refused without a node is refused before
  const { withFeeds } = await import('../node/manage-feeds.ts')
  return await withFeeds(findDataDir(context.options.data), (feeds) => {
    const perform = feeds[act] as (...args: Parameters<ManagedFeeds[Name]>) => Promise<Answer<Name>>
    return perform(...args)
  })
}

/** `3 urls, 2 origins` */
export function describeSubjects(counts: Readonly<Record<string, number>>): string {
  const told = Object.entries(counts).flatMap(([kind, count]) => (count > 0 ? formatThings(count, kind) : []))
  return told.join(', ') || 'nothing'
}
