import type { Manifest } from '../../protocol/records/manifest.ts'
import { openTable } from '../shard/shard.ts'
import type { Blocks } from '../store/store.ts'
import type { Found } from './denied-worker.ts'
import { HIDING_COLUMNS, type Hidden, hidesNothing, OUTCOME_COLUMNS } from './hidden.ts'
import { inThread } from './in-thread.ts'

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
  if (hidesNothing(hidden)) return found
  const table = await openTable(blocks, file)
  const columns = file.name === 'pairs.parquet' ? HIDING_COLUMNS : OUTCOME_COLUMNS
  for (const group of table.starts.keys()) {
    signal?.throwIfAborted()
    const part = await table.groupBytes(group, columns)
    const here = await inThread<Found>({ do: 'look', file: table.file, part, hidden }, file.name, signal)
    if (here === 'secretly') return here
    if (here === 'openly') found = here
  }
  return found
}
