import { manage } from '../campaigns.ts'
import type { Context } from '../declarations.ts'

export async function run(context: Context): Promise<void> {
  await manage(context, 'leave', context.args[0]!)
  context.output.print('This node takes no part any more; the shards it made stay here.')
  context.output.emit({ left: context.args[0] })
}
