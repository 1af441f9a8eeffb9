import { availableParallelism } from 'node:os'
import type { Piscina } from 'piscina'
import { ShoalError } from '../../protocol/errors.ts'
import { startThreads } from '../threads.ts'
import type { Task } from './release-worker.ts'

/** A thread that does one task at a time; what one task has begun, the next one finds there. */
export interface Lane {
  run<Result>(task: Task): Promise<Result>
}

export interface Lanes {
  /** Do something with every item, as many at once as there are lanes. The first failure ends all. */
  each<Item>(items: Iterable<Item>, work: (lane: Lane, item: Item) => Promise<void>): Promise<void>
}

/** Milliseconds for one task, and MiB of a thread: files are from strangers, and may ask for any amount. */
const MAX_TASK_MS = 60_000
const MAX_THREAD_MIB = 512
/** More would wait for the disk. One core is left for the rest of the node. */
const MAX_LANES = 4
/** Milliseconds after which a thread that has nothing to do ends. */
const IDLE_MS = 10_000

/** Those of the process. They do not keep it alive; what a failed task has left in one goes with it. */
let pools: Piscina[] | undefined

function startPools(): Piscina[] {
  const count = Math.min(MAX_LANES, Math.max(1, availableParallelism() - 1))
  return Array.from({ length: count }, () => {
    const pool = startThreads(new URL('./release-worker', import.meta.url), {
      ...{ threads: 1, youngMiB: 32, oldMiB: MAX_THREAD_MIB, idleMs: IDLE_MS },
    })
    // what breaks in a thread after its task has failed
    pool.on('error', () => {})
    return pool
  })
}

export function openLanes(signal: AbortSignal | undefined): Lanes {
  pools ??= startPools()
  const lanes = pools.map((pool) => ({ run: <Result>(task: Task) => inThread<Result>(pool, task, signal) }))
  return {
    async each(items, work) {
      const left = Iterator.from(items)
      let failed = false
      const loops = lanes.map(async (lane) => {
        for (const item of left) {
          if (failed) return
          signal?.throwIfAborted()
          await work(lane, item)
        }
      })
      await Promise.all(
        loops.map((loop) =>
          loop.catch((error) => {
            failed = true
            throw error
          }),
        ),
      )
    },
  }
}

async function inThread<Result>(pool: Piscina, task: Task, signal: AbortSignal | undefined): Promise<Result> {
  try {
    return await pool.run(task, {
      signal: AbortSignal.any([AbortSignal.timeout(MAX_TASK_MS), ...(signal ? [signal] : [])]),
      transferList: 'part' in task ? [task.part.bytes.buffer as ArrayBuffer] : [],
    })
  } catch (cause) {
    signal?.throwIfAborted()
    throw new ShoalError('release_thread', (cause as Error).message, { cause })
  }
}
