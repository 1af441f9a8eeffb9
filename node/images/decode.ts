import { ShoalError } from '../../protocol/errors.ts'
import { CONSENT_SIGNALS, type ConsentSignal } from '../../protocol/rules/consent.ts'
import type { FilterRules } from '../../protocol/rules/filter.ts'
import type { CropGeometry, DecodeResult, Images, ViewGeometry } from '../components.ts'
import { startThreads } from '../threads.ts'
import './restrict-sharp.ts'

export interface Decoder {
  /**
   * From an image file's bytes to the model's crop and the file's fingerprints, or to the outcome that says why not.
   * Hostile bytes are expected: they end in an outcome, never in a rejection.
   *
   * @param bytes - the file; they are copied, so that the caller may go on with them
   * @throws ShoalError `decoder_closed` during and after `close`; `geometry_invalid` where the crop is larger than
   *   the picture that it is cut from
   */
  decode: Images['decode']
  close(): Promise<void>
}

/** The message to a thread. */
export interface DecodeTask {
  bytes: Uint8Array
  geometry: CropGeometry
  views: readonly ViewGeometry[]
  rules: FilterRules
  honoured: readonly ConsentSignal[]
  /** whether the PDQs of the mirrored and turned picture are wanted as well */
  turned: boolean
  /** no other picture that takes much memory is being decoded */
  alone: boolean
}

/** A thread's answer: the result, or the file's bytes back where it takes much memory and was not sent alone. */
export type DecodeAnswer = DecodeResult | { large: Uint8Array }

/** While one picture of a thread is in libvips, the fingerprints of another are computed. */
const TASKS_PER_THREAD = 2
/** Between segments, and while rows are written, there is nothing to decode. */
const IDLE_MS = 1_000
/** A thread's objects are few and small: pictures lie elsewhere. */
const YOUNG_MIB = 8

/**
 * @param options.threads - worker threads; each keeps about one core busy
 * @param options.honoured - the campaign's `pipeline.consent`, every signal there is if not given
 */
export function startDecoder(options: {
  threads: number
  honoured?: readonly ConsentSignal[] | undefined
}): Decoder {
  const { honoured = CONSENT_SIGNALS } = options
  const threads = startThreads(new URL('./decode-worker', import.meta.url), {
    threads: options.threads,
    tasksPerThread: TASKS_PER_THREAD,
    youngMiB: YOUNG_MIB,
    idleMs: IDLE_MS,
  })
  let closed = false
  let lastLarge: Promise<unknown> = Promise.resolve()

  async function run(task: DecodeTask): Promise<DecodeAnswer> {
    if (closed) throw closedError()
    try {
      return await threads.run(task, { transferList: [task.bytes.buffer as ArrayBuffer] })
    } catch (error) {
      if (closed) throw closedError()
      // a thread answers every picture, so it died of this one; those that can't even start end the process
      const detail = `the decoder died: ${(error as Error).message}`
      return { ok: false, outcome: 'image_broken', detail, sha256: null }
    }
  }

  return {
    async decode(bytes, geometry, rules, views = [], turned = false) {
      checkGeometry(geometry)
      const wanted = { geometry, views, turned, rules, honoured }
      const answer = await run({ bytes: new Uint8Array(bytes), ...wanted, alone: false })
      if (!('large' in answer)) return answer
      const turn = lastLarge.then(() => run({ bytes: answer.large, ...wanted, alone: true }))
      lastLarge = turn.catch(() => {})
      return (await turn) as DecodeResult
    },
    async close() {
      closed = true
      await threads.destroy()
    },
  }
}

function closedError(): ShoalError {
  return new ShoalError('decoder_closed', 'the image decoder is closed: the node is stopping')
}

function checkGeometry({ mode, resize, width, height }: CropGeometry): void {
  if (mode === 'crop' && Math.max(width, height) > resize) {
    throw new ShoalError(
      'geometry_invalid',
      `the model's crop of ${width}×${height} is larger than its shortest edge of ${resize}: check its preprocessor_config.json`,
    )
  }
}
