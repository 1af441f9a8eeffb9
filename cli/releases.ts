import type { Releases } from '../node/manage-releases.ts'
import { findDataDir } from '../node/paths.ts'
import { tryControl } from './control.ts'
import type { Context } from './declarations.ts'

type Act = Exclude<keyof Releases, 'releaseProgress' | 'stopRelease'>
type Answer<Name extends Act> = Awaited<ReturnType<Releases[Name]>>

/** Between two looks at how far it is. */
const POLL_MS = 250

/**
 * Do something with the releases of the command line's data directory: through its daemon, where one runs. What takes
 * long shows how far it is, and Ctrl-C gives it up there too.
 */
export async function manageReleases<Name extends Act>(
  context: Context,
  act: Name,
  ...args: Parameters<Releases[Name]>
): Promise<Answer<Name>> {
  // a daemon is told to stop, and answers when it has: hanging up would leave it at work
  const unhurried = { ...context, signal: new AbortController().signal }
  const there = await follow<unknown>(context, () => tryControl(unhurried, act, args), {
    releaseProgress: () => tryControl(unhurried, 'releaseProgress'),
    stopRelease: () => tryControl(unhurried, 'stopRelease'),
  })
  if (there !== undefined) return there as Answer<Name>
  // loaded last: whatever can be refused without a node is refused before
  const { withReleases } = await import('../node/manage-releases.ts')
  return await withReleases(findDataDir(context.options.data), (releases) => {
    const perform = releases[act] as (...args: Parameters<Releases[Name]>) => Promise<Answer<Name>>
    return follow(context, () => perform(...args), releases)
  })
}

async function follow<Result>(
  { output, signal }: Context,
  work: () => Promise<Result>,
  there: {
    releaseProgress(): Promise<Awaited<ReturnType<Releases['releaseProgress']>> | undefined>
    stopRelease(): Promise<unknown>
  },
): Promise<Result> {
  signal.throwIfAborted()
  const stop = () => void there.stopRelease().catch(() => {})
  signal.addEventListener('abort', stop)
  let polling: Promise<void> | null = null
  const poll = setInterval(() => {
    polling ??= there
      .releaseProgress()
      .then((progress) => {
        if (progress) output.progress(progress)
      })
      .catch(() => {})
      .finally(() => {
        polling = null
      })
  }, POLL_MS)
  try {
    return await work()
  } finally {
    clearInterval(poll)
    await polling
    signal.removeEventListener('abort', stop)
    output.endProgress()
  }
}
