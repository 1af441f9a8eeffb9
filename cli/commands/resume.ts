import { control } from '../control.ts'
import type { Context } from '../declarations.ts'

export async function run(context: Context): Promise<void> {
  await control(context, 'resume')
  context.output.print('It works again.')
  context.output.emit({ done: 'resume' })
}
