import { resolve } from 'node:path'
import { describeEntries, manageBlocklists } from '../blocklists.ts'
import type { Context } from '../declarations.ts'

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const list = await manageBlocklists(context, 'addBlocklist', resolve(args[0]!), options.name ?? null)
  output.emit(list)
  output.print(`Kept out from now on by ${list.name}: ${describeEntries(list.entries)}`)
  output.print('It stays on this machine. The file itself is not needed any more')
}
