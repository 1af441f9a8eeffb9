import type { Pins } from '../node/manage-pins.ts'
import { findDataDir } from '../node/paths.ts'
import { tryControl } from './control.ts'
import type { Context } from './declarations.ts'

type Answer<Act extends keyof Pins> = Awaited<ReturnType<Pins[Act]>>

/** Do something with what is kept in the command line's data directory: through its daemon, where one runs. */
export async function managePins<Act extends keyof Pins>(
  context: Context,
  act: Act,
  ...args: Parameters<Pins[Act]>
): Promise<Answer<Act>> {
  const answer: unknown = await tryControl(context, act, args)
  if (answer !== undefined) return answer as Answer<Act>
  // loaded last: whatever can be refused without a node is refused before
  const { withPins } = await import('../node/manage-pins.ts')
  return await withPins(findDataDir(context.options.data), (pins) => {
    const perform = pins[act] as (...args: Parameters<Pins[Act]>) => Promise<Answer<Act>>
    return perform(...args)
  })
}
