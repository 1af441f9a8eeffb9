import type { Shards } from '../node/components.ts'
import { tryControl } from './control.ts'
import type { Context } from './declarations.ts'
import { withNode } from './open.ts'

type Answer<Act extends keyof Shards> = Awaited<ReturnType<Shards[Act]>>

/** Do something with the shards of the command line's data directory: through its daemon, where one runs. */
export async function manageShards<Act extends keyof Shards>(
  context: Context,
  act: Act,
  ...args: Parameters<Shards[Act]>
): Promise<Answer<Act>> {
  const answer: unknown = await tryControl(context, act, args)
  if (answer !== undefined) return answer as Answer<Act>
  return await withNode(context, {}, (node) => {
    const perform = node[act] as (...args: Parameters<Shards[Act]>) => Promise<Answer<Act>>
    return perform(...args)
  })
}
