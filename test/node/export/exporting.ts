import type { CID } from 'multiformats/cid'
import type { ExportResult } from '../../../node/components.ts'
import { type ExportOptions, exportPairs } from '../../../node/export/export.ts'
import { HIDES_NOTHING } from '../denied/hides-nothing.ts'
import type { Published } from '../shard/sample.ts'

/** An export of everything into a directory, unless told otherwise. */
export function exportThem(
  parts: Pick<Published, 'store' | 'blocks'>,
  cids: readonly CID[],
  options: Partial<ExportOptions> & Pick<ExportOptions, 'format' | 'out'>,
): Promise<ExportResult> {
  return exportPairs(parts, {
    ...{ cids, isFile: false, filters: {}, rowsPerFile: null, signers: [], now: Date.UTC(2026, 0, 2) },
    judge: async () => null,
    hiding: HIDES_NOTHING,
    demandFresh: async () => {},
    signal: new AbortController().signal,
    onProgress() {},
    ...options,
  })
}
