import { ShoalError } from '../../protocol/errors.ts'
import type { Score, Scorer } from '../components.ts'
import { startThreads } from '../threads.ts'
import type { EncoderOptions } from './dual-encoder.ts'
import type { ScoreAnswer, ScoreJob } from './score-worker.ts'

export type BatchScorer = Pick<Scorer, 'score' | 'embed' | 'close'>

interface Waiting {
  crop: Uint8Array
  text: string
  settle: PromiseWithResolvers<Score>
}

/** One batch in the model and the next one already in its thread: it never waits for this one. */
const BATCHES_IN_THREAD = 2
/** The model's thread makes few objects: tensors lie elsewhere. */
const YOUNG_MIB = 8

/** Starts the model's thread, and gathers pairs into batches for it. */
export async function openBatches(options: EncoderOptions, maxWaitMs: number): Promise<BatchScorer> {
  const pool = startThreads(new URL('./score-worker', import.meta.url), {
    threads: 1,
    tasksPerThread: BATCHES_IN_THREAD + 1,
    youngMiB: YOUNG_MIB,
  })
  const ask = async (job: ScoreJob) => {
    const answer: ScoreAnswer = await pool.run(job)
    if (!answer.ok) throw new ShoalError(answer.code, answer.message)
    return answer
  }
  const { width, height } = options.config.geometry
  const cropBytes = 3 * width * height
  // shared with the thread and used again: a new buffer for each batch would cost its pages and their collection
  const free = Array.from(
    { length: BATCHES_IN_THREAD },
    () => new Uint8Array(new SharedArrayBuffer(options.batch * cropBytes)),
  )
  const waiting: Waiting[] = []
  const running = new Set<Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  let isOverdue = false
  let isClosed = false

  try {
    await ask({ kind: 'open', options })
  } catch (error) {
    await pool.destroy()
    throw error
  }

  /** Sends full batches while there is room, and an incomplete one only to an idle model. */
  function send(): void {
    while (running.size < BATCHES_IN_THREAD) {
      const isIncomplete = waiting.length < options.batch
      if (waiting.length === 0 || (isIncomplete && !(isOverdue && running.size === 0))) break
      const batch = run(waiting.splice(0, options.batch)).finally(() => {
        running.delete(batch)
        send()
      })
      running.add(batch)
    }
    if (waiting.length > 0) timer ??= setTimeout(overdue, maxWaitMs)
    else stopWaiting()
  }

  function overdue(): void {
    isOverdue = true
    send()
  }

  function stopWaiting(): void {
    clearTimeout(timer)
    timer = undefined
    isOverdue = false
  }

  async function run(batch: Waiting[]): Promise<void> {
    const crops = free.pop()!
    try {
      for (const [i, { crop }] of batch.entries()) crops.set(crop, i * cropBytes)
      const texts = batch.map(({ text }) => text)
      const { dimension, similarities, embeddings } = await ask({ kind: 'batch', crops, texts })
      for (const [i, { settle }] of batch.entries()) {
        const embedding = embeddings.slice(i * dimension, (i + 1) * dimension)
        settle.resolve({ similarity: similarities[i]!, embedding })
      }
    } catch (error) {
      for (const { settle } of batch) settle.reject(error)
    } finally {
      free.push(crops)
    }
  }

  function demandCrop(crop: Uint8Array): void {
    if (crop.length === cropBytes) return
    const wanted = `${width} x ${height} x 3 = ${cropBytes}`
    throw new ShoalError('score_crop', `a crop has ${crop.length} bytes; the model takes ${wanted}`)
  }

  function demandOpen(): void {
    if (isClosed) throw new ShoalError('score_closed', 'the scorer is closed')
  }

  return {
    async score(crop, text) {
      demandOpen()
      demandCrop(crop)
      const settle = Promise.withResolvers<Score>()
      waiting.push({ crop, text, settle })
      send()
      return settle.promise
    },

    async embed(side) {
      demandOpen()
      if ('crop' in side) demandCrop(side.crop)
      const { embeddings, dimension } = await ask({ kind: 'embed', side })
      return embeddings.slice(0, dimension)
    },

    async close() {
      if (isClosed) return
      isClosed = true
      stopWaiting()
      for (const { settle } of waiting.splice(0)) {
        settle.reject(new ShoalError('score_closed', 'the scorer was closed before this pair had its turn'))
      }
      await Promise.all(running)
      await ask({ kind: 'close' })
      await pool.destroy()
    },
  }
}
