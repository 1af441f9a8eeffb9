import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { showShard } from '../show-shard.ts'
import { suggest } from '../suggest.ts'

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const shard = await control(context, 'fetch', args[0]!)
  showShard(output, shard)
  output.print()
  output.print(`It is kept here. Use it: ${suggest('export CID --format laion5b', options.data)}`)
}
