import type { Piscina } from 'piscina'
import { ShoalError } from '../../protocol/errors.ts'
import type { Manifest } from '../../protocol/records/manifest.ts'
import { openTable } from '../shard/shard.ts'
import type { Blocks } from '../store/store.ts'
import { startThreads } from '../threads.ts'
import type { Found, LookTask } from './denied-worker.ts'
import { HIDING_COLUMNS, type Hidden, hidesNothing, OUTCOME_COLUMNS } from './hidden.ts'

/** Milliseconds for one row group, and MiB of the thread: files are from strangers, and may ask for any amount. */
const MAX_LOOK_MS = 60_000
const MAX_THREAD_MIB = 512
/** Milliseconds after which a thread that has nothing to do ends. */
const IDLE_MS = 10_000

/** One for the process; it does not keep it alive. */
let threads: Piscina | undefined

function startLooking(): Piscina {
  const pool = startThreads(new URL('./denied-worker', import.meta.url), {
    ...{ threads: 1, youngMiB: 32, oldMiB: MAX_THREAD_MIB, idleMs: IDLE_MS },
  })
  // what breaks in a thread after its task has failed
  pool.on('error', () => {})
  return pool
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
  if (hidesNothing(hidden)) return found
  const table = await openTable(blocks, file)
  const columns = file.name === 'pairs.parquet' ? HIDING_COLUMNS : OUTCOME_COLUMNS
  for (const group of table.starts.keys()) {
    signal?.throwIfAborted()
    const part = await table.groupBytes(group, columns)
    const here = await lookIn({ file: table.file, part, hidden }, signal)
    if (here === 'secretly') return here
    if (here === 'openly') found = here
  }
  return found
}

async function lookIn(task: LookTask, signal: AbortSignal | undefined): Promise<Found> {
  threads ??= startLooking()
  try {
    return await threads.run(task, {
      signal: AbortSignal.any([AbortSignal.timeout(MAX_LOOK_MS), ...(signal ? [signal] : [])]),
      transferList: [task.part.bytes.buffer as ArrayBuffer],
    })
  } catch (cause) {
    signal?.throwIfAborted()
    throw new ShoalError('shard_parquet', `${task.file.name} is broken: ${(cause as Error).message}`, {
      cause,
    })
  }
}
