import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatCount } from '../numbers.ts'

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const joined = await control(context, 'join', { cid: args[0]!, peer: options.peer ?? null })
  output.print(`This node takes part: ${formatCount(joined.segments)} segments in all.`)
  output.emit(joined)
}
