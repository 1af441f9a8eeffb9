import { manageBlocklists } from '../blocklists.ts'
import type { Context } from '../declarations.ts'

export async function run(context: Context): Promise<void> {
  const { args, output } = context
  const name = args[0]!
  await manageBlocklists(context, 'removeBlocklist', name)
  output.emit({ removed: name })
  output.print(`Looked up no longer: ${name}`)
}
