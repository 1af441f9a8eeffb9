import type { ManagedBlocklists } from '../node/manage-blocklists.ts'
import { findDataDir } from '../node/paths.ts'
import { tryControl } from './control.ts'
import type { Context } from './declarations.ts'
import { formatThings } from './numbers.ts'

type Act = keyof ManagedBlocklists
type Answer<Name extends Act> = Awaited<ReturnType<ManagedBlocklists[Name]>>

/** Do something with the blocklists of the command line's data directory: through its daemon, where one runs. */
export async function manageBlocklists<Name extends Act>(
  context: Context,
  act: Name,
  ...args: Parameters<ManagedBlocklists[Name]>
): Promise<Answer<Name>> {
  const answer: unknown = await tryControl(context, act, args)
  if (answer !== undefined) return answer as Answer<Name>
  // loaded last: whatever can be refused without a node is refused before
  const { withBlocklists } = await import('../node/manage-blocklists.ts')
  return await withBlocklists(findDataDir(context.options.data), (lists) => {
    const perform = lists[act] as (...args: Parameters<ManagedBlocklists[Name]>) => Promise<Answer<Name>>
    return perform(...args)
  })
}

/** How many entries of each kind, and never which: `3 urls, 2 hosts`. */
export function describeEntries(entries: Readonly<Record<string, number>>): string {
  return Object.entries(entries)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => formatThings(count, kind))
    .join(', ')
}
