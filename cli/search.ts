import { availableParallelism } from 'node:os'
import type { Progress } from '../node/components.ts'
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
  const onProgress = (progress: unknown) => output.progress(progress as Progress)
  let timer: NodeJS.Timeout | undefined
  try {
    const answer = await tryControl(context, act, argument, onProgress)
    if (answer !== undefined) return answer as unknown as Answer<A>
    // loaded last: whatever can be refused without a node is refused before
    const { withSearch } = await import('../node/manage-search.ts')
    return await withSearch(findDataDir(context.options.data), availableParallelism(), (search) => {
      timer = setInterval(() => {
        const progress = search.progress()
        if (progress) onProgress(progress)
      }, LOOK_MS)
      const perform = search[act] as (argument: unknown) => Promise<Answer<A>>
      return perform(argument)
    })
  } finally {
    clearInterval(timer)
    output.endProgress()
  }
}
