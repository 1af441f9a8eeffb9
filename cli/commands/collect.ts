import type { Context } from '../declarations.ts'
import { formatBytes, formatSeconds, formatThings } from '../numbers.ts'
import { managePins } from '../pins.ts'

export async function run(context: Context): Promise<void> {
  const { output } = context
  const collected = await managePins(context, 'collect')
  output.emit(collected)
  const { freed, waiting, kept, dropped, seconds } = collected
  output.print(
    `Freed ${formatBytes(freed.bytes)} in ${formatThings(freed.blocks, 'block')}; ${formatThings(kept, 'block')} kept. It took ${formatSeconds(seconds)}`,
  )
  if (dropped > 0) output.print(`${formatThings(dropped, 'shard')} of others listed no longer`)
  if (waiting.blocks > 0)
    output.print(
      `${formatBytes(waiting.bytes)} in ${formatThings(waiting.blocks, 'block')} may belong to something unfinished: freed a day after they came`,
    )
}
