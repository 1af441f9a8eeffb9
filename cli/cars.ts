import type { Cars } from '../node/manage-cars.ts'
import { findDataDir } from '../node/paths.ts'
import { tryControl } from './control.ts'
import type { Context } from './declarations.ts'

type Answer<Act extends keyof Cars> = Awaited<ReturnType<Cars[Act]>>

/** Write or read a CAR file of the command line's data directory: through its daemon, where one runs. */
export async function manageCars<Act extends keyof Cars>(
  context: Context,
  act: Act,
  ...args: Parameters<Cars[Act]>
): Promise<Answer<Act>> {
  const answer: unknown = await tryControl(context, act, args)
  if (answer !== undefined) return answer as Answer<Act>
  // loaded last: whatever can be refused without a node is refused before
  const { withCars } = await import('../node/manage-cars.ts')
  return await withCars(findDataDir(context.options.data), (cars) => {
    const perform = cars[act] as (...args: Parameters<Cars[Act]>) => Promise<Answer<Act>>
    return perform(...args)
  })
}
