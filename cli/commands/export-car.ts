import { resolve } from 'node:path'
import { manageCars } from '../cars.ts'
import type { Context } from '../declarations.ts'
import { formatBytes, formatThings } from '../numbers.ts'

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const cid = args[0]!
  const out = resolve(options.out ?? `${cid.replace(/[^\w.-]/g, '_')}.car`)
  const exported = await manageCars(context, 'exportCar', cid, out)
  output.print(`${formatThings(exported.blocks, 'block')}, ${formatBytes(exported.bytes)}`)
  output.print(exported.path)
  output.emit(exported)
}
