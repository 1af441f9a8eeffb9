import type { Context } from '../declarations.ts'
import { managePins } from '../pins.ts'
import { suggest } from '../suggest.ts'

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const root = args[0]!
  await managePins(context, 'removePin', root)
  output.emit({ removed: root })
  output.print(`Kept no longer: ${root}`)
  output.print(`Its space is freed before long, or at once: ${suggest('collect', options.data)}`)
}
