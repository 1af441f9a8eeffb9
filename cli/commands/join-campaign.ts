import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatThings } from '../numbers.ts'
import { suggest } from '../suggest.ts'
import { shorten } from '../table.ts'

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const joined = await control(context, 'join', { cid: args[0]!, peer: options.peer ?? null })
  output.print(`This node takes part in ${shorten(joined.name, 50)}.`)
  output.print(`It has ${formatThings(joined.segments, 'segment')}; see ${suggest('status', options.data)}`)
  output.emit(joined)
}
