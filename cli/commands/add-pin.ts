import type { Context } from '../declarations.ts'
import { formatBytes } from '../numbers.ts'
import { managePins } from '../pins.ts'

export async function run(context: Context): Promise<void> {
  const { args, output } = context
  const pin = await managePins(context, 'addPin', args[0]!)
  output.emit(pin)
  output.print(`Kept from now on: ${pin.root}${pin.bytes === null ? '' : `, ${formatBytes(pin.bytes)}`}`)
}
