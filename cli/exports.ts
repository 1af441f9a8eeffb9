import type { ExportRequest, ExportResult, Exports } from '../node/components.ts'
import { tryControl } from './control.ts'
import type { Context } from './declarations.ts'
import { withNode } from './open.ts'

/** Between two looks at how far it is. */
const POLL_MS = 250

/** Export from the command line's data directory: through its daemon, where one runs. Ctrl-C gives it up there too. */
export async function exportThere(context: Context, request: ExportRequest): Promise<ExportResult> {
  // a daemon is told to stop, and answers when it has: hanging up would leave it at work
  const unhurried = { ...context, signal: new AbortController().signal }
  let isThere = true
  const daemon = {
    exportPairs: async () => {
      const result = await tryControl(unhurried, 'exportPairs', request)
      isThere = result !== undefined
      return result
    },
    exportProgress: (id: string) => tryControl(unhurried, 'exportProgress', id),
    stopExport: (id: string) => tryControl(unhurried, 'stopExport', id),
  }
  const result = await follow(context, daemon, request)
  if (isThere) return result as ExportResult
  return await withNode(context, {}, (node) => follow(context, node, request))
}

type Followed<Result> = {
  exportPairs(request: ExportRequest): Promise<Result>
  exportProgress(id: string): Promise<Awaited<ReturnType<Exports['exportProgress']>> | undefined>
  stopExport(id: string): Promise<unknown>
}

async function follow<Result>(
  { output, signal }: Context,
  exports: Followed<Result>,
  request: ExportRequest,
): Promise<Result> {
  signal.throwIfAborted()
  const stop = () => void exports.stopExport(request.id).catch(() => {})
  signal.addEventListener('abort', stop)
  let polling: Promise<void> | null = null
  const poll = setInterval(() => {
    polling ??= exports
      .exportProgress(request.id)
      .then((progress) => {
        if (progress) output.progress(progress)
      })
      .catch(() => {})
      .finally(() => {
        polling = null
      })
  }, POLL_MS)
  try {
    return await exports.exportPairs(request)
  } finally {
    clearInterval(poll)
    await polling
    signal.removeEventListener('abort', stop)
  }
}
