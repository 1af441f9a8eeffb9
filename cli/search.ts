import { availableParallelism } from 'node:os'
import { findDataDir } from '../node/paths.ts'
import type { Search } from '../node/search/search.ts'
import { tryControl } from './control.ts'
import type { Context } from './declarations.ts'

type Act = 'search' | 'whois'
type Answer<A extends Act> = Awaited<ReturnType<Search[A]>>

/** Milliseconds between two looks how far the index is. */
const LOOK_MS = 300

/** Search the command line's data directory: through its daemon, where one runs. Bars show while the index is made. */
export async function manageSearch<A extends Act>(
  context: Context,
  act: A,
  argument: Parameters<Search[A]>[0],
): Promise<Answer<A>> {
  const { output } = context
  let ended = false
  const watch = (look: () => Promise<ReturnType<Search['progress']>>) =>
    setInterval(async () => {
      const progress = await look().catch(() => null)
      if (!ended && progress) output.progress(progress)
    }, LOOK_MS)
  let timer = watch(async () => (await tryControl(context, 'searchProgress')) ?? null)
  try {
    const answer = await tryControl(context, act, argument)
    if (answer !== undefined) return answer as unknown as Answer<A>
    clearInterval(timer)
    // loaded last: whatever can be refused without a node is refused before
    const { withSearch } = await import('../node/manage-search.ts')
    return await withSearch(findDataDir(context.options.data), availableParallelism(), (search) => {
      timer = watch(async () => search.progress())
      const perform = search[act] as (argument: unknown) => Promise<Answer<A>>
      return perform(argument)
    })
  } finally {
    ended = true
    clearInterval(timer)
    output.endProgress()
  }
}
