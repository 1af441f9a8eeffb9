import { describeEntries, manageBlocklists } from '../blocklists.ts'
import type { Context } from '../declarations.ts'
import { formatThings } from '../numbers.ts'

export async function run(context: Context): Promise<void> {
  const { output } = context
  const lists = await manageBlocklists(context, 'listBlocklists')
  output.emit({ blocklists: lists })
  for (const { name, entries, addedAt } of lists) {
    output.print(name)
    output.print(`  ${describeEntries(entries)}, since ${new Date(addedAt).toISOString().slice(0, 10)}`)
  }
  output.print(formatThings(lists.length, 'blocklist'))
}
