import { control } from '../control.ts'
import type { Context } from '../declarations.ts'

export async function run(context: Context): Promise<void> {
  await control(context, 'pause')
  context.output.print('Paused: nothing is taken until it is resumed.')
  context.output.emit({ done: 'pause' })
}
