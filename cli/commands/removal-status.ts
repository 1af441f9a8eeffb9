import type { Context } from '../declarations.ts'
import { manageRequests, showRequest } from '../requests.ts'

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const state = await manageRequests(context, 'status', args[0]!)
  showRequest(output, state, options.data)
  output.emit(state)
}
