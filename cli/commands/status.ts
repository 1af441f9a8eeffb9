import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { showStatus } from '../show-status.ts'

export async function run(context: Context): Promise<void> {
  const { output, options } = context
  const status = await control(context, 'status')
  showStatus(output, status, options.data)
  output.emit(status)
}
