import { ShoalError } from '../../protocol/errors.ts'
import type { FilterRules } from '../../protocol/rules/filter.ts'
import type { CropGeometry, DecodeResult } from '../components.ts'
import { startThreads } from '../threads.ts'

export interface Decoder {
  /**
   * From an image file's bytes to the model's crop and the file's fingerprints, or to the outcome that says why not.
   * Hostile bytes are expected: they end in an outcome, never in a rejection.
   *
   * @param bytes - the file. Where the view spans its whole buffer it is moved, not copied: don't use it afterwards
   * @throws ShoalError `decoder_closed` after or during `close`, `geometry_invalid` where the crop is larger than
   *   the picture it is cut from
   */
  decode(bytes: Uint8Array, geometry: CropGeometry, rules: FilterRules): Promise<DecodeResult>
  close(): Promise<void>
}

/** What one decoding needs, and the message to its thread. */
export interface DecodeTask {
  bytes: Uint8Array
  geometry: CropGeometry
  rules: FilterRules
}

/** While one picture of a thread is in libvips, the fingerprints of another are computed. */
const TASKS_PER_THREAD = 2

/** @param options.threads - worker threads; each keeps about one core busy */
export function startDecoder(options: { threads: number }): Decoder {
  const threads = startThreads(new URL('./decode-worker', import.meta.url), {
    threads: options.threads,
    tasksPerThread: TASKS_PER_THREAD,
  })
  let closed = false
  return {
    async decode(bytes, geometry, rules) {
      if (closed) throw closedError()
      checkGeometry(geometry)
      const task: DecodeTask = { bytes: ownBuffer(bytes), geometry, rules }
      try {
        return await threads.run(task, { transferList: [task.bytes.buffer as ArrayBuffer] })
      } catch (error) {
        // the thread threw or died: that is this picture's doing, unless the threads were told to stop
        if (closed) throw closedError()
        return { ok: false, outcome: 'image_broken', detail: String((error as Error).message ?? error) }
      }
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

/** A view of a larger buffer (Node's pool, a slice of an archive) is copied, as its neighbours must not move. */
function ownBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
    ? bytes
    : new Uint8Array(bytes)
}

function checkGeometry({ mode, resize, width, height }: CropGeometry): void {
  if (mode === 'crop' && Math.max(width, height) > resize) {
    throw new ShoalError(
      'geometry_invalid',
      `the model's crop of ${width}×${height} is larger than its shortest edge of ${resize}: check its preprocessor_config.json`,
    )
  }
}
