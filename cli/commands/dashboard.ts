import { readKey } from '../../node/dashboard-key.ts'
import { findDataDir } from '../../node/paths.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { suggest } from '../suggest.ts'

export async function run(context: Context): Promise<void> {
  const { options, output } = context
  // the file of a node that died tells nothing
  await control(context, 'status')
  const key = await readKey(findDataDir(options.data))
  if (key === null)
    throw new ShoalError(
      'dashboard_off',
      `this node has no dashboard: stop it, and start it without --dashboard none, as ${suggest('start', options.data)}`,
    )
  const address = `${key.address}/#token=${key.token}`
  // what stands after # is sent to no server
  output.print(address)
  if (options.open) {
    const { default: open } = await import('open')
    await open(address)
  } else
    output.print(
      'Open it in a browser on this machine. Who has this address may pause the node and set its limits.',
    )
  output.emit({ address, token: key.token })
}
