import { Piscina } from 'piscina'

/**
 * A pool of worker threads that all run one module; its default export is the task. They start with the first
 * tasks that need them, and stay unless told otherwise.
 *
 * @param module - the module's address without extension: `new URL('./parse-worker', import.meta.url)`;
 *   the extension follows this file's own, so that it works from source and from `dist/`
 * @param options - `youngMiB` bounds each thread's young objects, 48 MiB by default: a thread whose objects
 *   die soon is hardly slower with less, and the process much smaller. `oldMiB` bounds all the others: beyond
 *   it the thread dies, not the process, and its task fails. `idleMs` ends a thread that has had nothing to do for so
 *   long, for modules that keep nothing between tasks: its memory goes back to the system
 */
export function startThreads(
  module: URL,
  options: {
    threads: number
    tasksPerThread?: number
    workerData?: unknown
    youngMiB?: number
    oldMiB?: number
    idleMs?: number
  },
): Piscina {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return new Piscina({
    filename: `${module.href}${extension}`,
    minThreads: 0,
    maxThreads: options.threads,
    idleTimeout: options.idleMs ?? Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: options.tasksPerThread ?? 1,
    workerData: options.workerData,
    resourceLimits: {
      ...(options.youngMiB ? { maxYoungGenerationSizeMb: options.youngMiB } : {}),
      ...(options.oldMiB ? { maxOldGenerationSizeMb: options.oldMiB } : {}),
    },
    // workers are busy or the node is stopping: parking them with Atomics.wait would block their async work
    atomics: 'disabled',
  })
}
