import type { ExportRequest, ExportResult, Progress } from '../node/components.ts'
import { tryControl } from './control.ts'
import type { Context } from './declarations.ts'
import { withNode } from './open.ts'

/** Export from the command line's data directory: through its daemon, where one runs. Ctrl-C gives it up there too. */
export async function exportThere(context: Context, request: ExportRequest): Promise<ExportResult> {
  const { output, signal } = context
  const onProgress = (progress: unknown) => output.progress(progress as Progress)
  return (
    (await tryControl(context, 'exportPairs', request, onProgress)) ??
    (await withNode(context, {}, (node) => node.exportPairs(request, { signal, onProgress })))
  )
}
