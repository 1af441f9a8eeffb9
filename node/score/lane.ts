import { ShoalError } from '../../protocol/errors.ts'
import type { DeviceUse } from '../components.ts'
import { startThreads } from '../threads.ts'
import { deviceClassOf } from './device-class.ts'
import type { EncoderOptions } from './dual-encoder.ts'
import type { ScoreAnswer, ScoreJob } from './score-worker.ts'
import type { DeviceStanding, EmbeddedPairs } from './steady-encoder.ts'

/** A device with the model on it, in a thread of its own. */
export interface Lane {
  use(): DeviceUse
  /** most pairs of the next batch */
  batch(): number
  /** batches that are in the thread */
  running(): number
  hasRoom(): boolean
  run(crops: readonly Uint8Array[], texts: string[]): Promise<EmbeddedPairs>
  embed(side: { text: string } | { crop: Uint8Array }): Promise<EmbeddedPairs>
  /** Waits for what is under way. */
  close(): Promise<void>
}

/** One batch in the model and the next one already in its thread: it never waits for this one. */
const BATCHES_IN_THREAD = 2
/** The model's thread makes few objects: tensors lie elsewhere. */
const YOUNG_MIB = 8

/** @param onTrouble - told when a device can't do what it could */
export async function openLane(options: EncoderOptions, onTrouble: (use: DeviceUse) => void): Promise<Lane> {
  const pool = startThreads(new URL('./score-worker', import.meta.url), {
    threads: 1,
    tasksPerThread: BATCHES_IN_THREAD + 1,
    youngMiB: YOUNG_MIB,
  })
  const underway = new Set<Promise<unknown>>()
  let standing: DeviceStanding = { device: options.device, batch: options.batch, trouble: null }
  let pairs = 0
  let busyMs = 0
  let busySince = 0

  async function ask(job: ScoreJob): Promise<EmbeddedPairs> {
    const answer: ScoreAnswer = await pool.run(job)
    if (!answer.ok) throw new ShoalError(answer.code, answer.message)
    const { trouble } = standing
    standing = answer.standing
    if (standing.trouble !== trouble) onTrouble(use())
    return answer
  }

  /** Counts the time in which the device has something to do. */
  async function busy<T>(work: Promise<T>): Promise<T> {
    if (underway.size === 0) busySince = performance.now()
    underway.add(work)
    try {
      return await work
    } finally {
      underway.delete(work)
      if (underway.size === 0) busyMs += performance.now() - busySince
    }
  }

  function use(): DeviceUse {
    const { device, batch, trouble } = standing
    const since = underway.size === 0 ? 0 : performance.now() - busySince
    return {
      ...{ device: device.name, deviceClass: deviceClassOf(device, options.precision) },
      ...{ batch, pairs, busySeconds: (busyMs + since) / 1000, trouble },
    }
  }

  try {
    await ask({ kind: 'open', options })
  } catch (error) {
    await pool.destroy()
    throw error
  }
  const { width, height } = options.config.geometry
  const cropBytes = 3 * width * height
  // shared with the thread and used again: a new buffer for each batch would cost its pages and their collection
  const free = Array.from(
    { length: BATCHES_IN_THREAD },
    () => new Uint8Array(new SharedArrayBuffer(standing.batch * cropBytes)),
  )

  async function run(pictures: readonly Uint8Array[], texts: string[]): Promise<EmbeddedPairs> {
    const crops = free.pop()!
    try {
      for (const [i, crop] of pictures.entries()) crops.set(crop, i * cropBytes)
      const embedded = await ask({ kind: 'batch', crops, texts })
      pairs += texts.length
      return embedded
    } finally {
      free.push(crops)
    }
  }

  return {
    use,
    batch: () => standing.batch,
    running: () => BATCHES_IN_THREAD - free.length,
    hasRoom: () => free.length > 0,
    run: (pictures, texts) => busy(run(pictures, texts)),
    embed: (side) => busy(ask({ kind: 'embed', side })),
    async close() {
      await Promise.allSettled(underway)
      await ask({ kind: 'close' })
      await pool.destroy()
    },
  }
}
