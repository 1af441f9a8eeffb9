import { ShoalError } from '../../../protocol/errors.ts'
import type { HeadView } from '../../../protocol/records/safety.ts'
import type { ViewGeometry } from '../../components.ts'
import { startThreads } from '../../threads.ts'
import { prepareRuntime } from '../prepare-runtime.ts'
import type { HeadAnswer, HeadFile, HeadPicture, HeadsAnswer, HeadsJob } from './heads-worker.ts'

export interface Heads {
  /** what they want of a picture, no two equal */
  readonly views: readonly ViewGeometry[]
  /**
   * What each head says, in their order. A picture's answers are the same to the bit whatever was looked at before.
   *
   * @param picture - its views, which are given away
   */
  look(picture: Omit<HeadPicture, 'views'> & { views: Uint8Array[] }): Promise<HeadAnswer[]>
  close(): Promise<void>
}

/** One picture at the heads, and the next already in their thread. */
const TASKS_IN_THREAD = 2
/** The thread makes few objects: tensors lie elsewhere. */
const YOUNG_MIB = 8

/**
 * Open ONNX graphs that look at pictures, in a thread of their own, and try each out.
 *
 * @param dimension - of the model's embeddings
 * @param threads - of the graphs' arithmetic
 * @throws ShoalError `model_broken`; `head_layout` for one that is not as it was said to be
 */
export async function openHeads(
  files: readonly HeadFile[],
  { dimension, threads }: { dimension: number; threads: number },
): Promise<Heads> {
  prepareRuntime()
  const pool = startThreads(new URL('./heads-worker', import.meta.url), {
    ...{ threads: 1, tasksPerThread: TASKS_IN_THREAD, youngMiB: YOUNG_MIB },
  })
  const ask = async (job: HeadsJob, transferList: ArrayBuffer[] = []): Promise<HeadAnswer[]> => {
    const answer: HeadsAnswer = await pool.run(job, { transferList })
    if (answer.ok) return answer.answers
    throw new ShoalError(answer.code, answer.message)
  }
  try {
    await ask({ do: 'open', files: [...files], dimension, threads })
  } catch (error) {
    await pool.destroy()
    throw error
  }
  const views = new Map<string, ViewGeometry>()
  const nameOf = ({ fit, width, height }: HeadView) => `${fit} ${width} ${height}`
  for (const { head } of files)
    if (head.view !== null) {
      const { fit, width, height } = head.view
      views.set(nameOf(head.view), { fit, width, height })
    }
  const names = [...views.keys()]
  const places = files.map(({ head }) => (head.view === null ? null : names.indexOf(nameOf(head.view))))
  let isClosed = false

  return {
    views: [...views.values()],
    async look({ views, ...picture }) {
      if (isClosed) throw new ShoalError('head_closed', 'the heads are closed: the node is stopping')
      const own = places.map((place) => (place === null ? null : views[place]!))
      return ask(
        { do: 'look', picture: { ...picture, views: own } },
        views.map(({ buffer }) => buffer as ArrayBuffer),
      )
    },
    async close() {
      if (isClosed) return
      isClosed = true
      await ask({ do: 'close' })
      await pool.destroy()
    },
  }
}
