import type { Manifest } from '../../protocol/records/manifest.ts'
import { openTable } from '../shard/shard.ts'
import type { Blocks } from '../store/store.ts'
import type { Found } from './denied-worker.ts'
import { type Hidden, hidingColumns } from './hidden.ts'
import { inThread } from './in-thread.ts'

/** What rows of each file have to be looked up by. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  'pairs.parquet': ['uid', 'url', 'page_url', 'sha256', 'md5', 'pdq'],
  'outcomes.parquet': ['url', 'page_url', 'sha256', 'pdq'],
}

/**
 * What of a shard's file is hidden. It is read as far as the answer takes.
 *
 * @throws ShoalError as `openTable`; `shard_parquet`; the signal's reason
 */
export async function lookForHidden(
  blocks: Blocks,
  file: Manifest['files'][number],
  hidden: Hidden,
  signal?: AbortSignal,
): Promise<Found> {
  let found: Found = 'nothing'
  const columns = hidingColumns(hidden).filter((name) => COLUMNS[file.name]?.includes(name))
  if (columns.length === 0) return found
  const table = await openTable(blocks, file)
  for (const group of table.starts.keys()) {
    signal?.throwIfAborted()
    const part = await table.groupBytes(group, columns)
    const here = await inThread<Found>({ do: 'look', file: table.file, part, hidden }, file.name, signal)
    if (here === 'secretly') return here
    if (here === 'openly') found = here
  }
  return found
}
