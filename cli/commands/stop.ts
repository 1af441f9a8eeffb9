import { control } from '../control.ts'
import type { Context } from '../declarations.ts'

export async function run(context: Context): Promise<void> {
  await control(context, 'stop')
  context.output.print('It stops.')
  context.output.emit({ done: 'stop' })
}
