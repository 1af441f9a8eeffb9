import { control } from '../control.ts'
import type { Context } from '../declarations.ts'

export async function run(context: Context): Promise<void> {
  await control(context, 'drain')
  context.output.print('It finishes the segment at work, then stops.')
  context.output.emit({ done: 'drain' })
}
