import type { Piscina } from 'piscina'
import { ShoalError } from '../../protocol/errors.ts'
import { startThreads } from '../threads.ts'
import type { Task } from './denied-worker.ts'

/** Milliseconds for one row group, and MiB of the thread: files are from strangers, and may ask for any amount. */
const MAX_TASK_MS = 60_000
const MAX_THREAD_MIB = 512
/** Milliseconds after which a thread that has nothing to do ends. */
const IDLE_MS = 10_000

/** One for the process; it does not keep it alive. */
let threads: Piscina | undefined

function start(): Piscina {
  const pool = startThreads(new URL('./denied-worker', import.meta.url), {
    ...{ threads: 1, youngMiB: 32, oldMiB: MAX_THREAD_MIB, idleMs: IDLE_MS },
  })
  // what breaks in a thread after its task has failed
  pool.on('error', () => {})
  return pool
}

/**
 * @param where - names the file that is at work
 * @throws ShoalError `shard_parquet`; the signal's reason
 */
export async function inThread<Result>(task: Task, where: string, signal?: AbortSignal): Promise<Result> {
  threads ??= start()
  try {
    return await threads.run(task, {
      signal: AbortSignal.any([AbortSignal.timeout(MAX_TASK_MS), ...(signal ? [signal] : [])]),
      transferList: 'part' in task ? [task.part.bytes.buffer as ArrayBuffer] : [],
    })
  } catch (cause) {
    signal?.throwIfAborted()
    throw new ShoalError('shard_parquet', `${where} is broken: ${(cause as Error).message}`, { cause })
  }
}
