import { CPU, type Device } from './device.ts'
import { type DualEncoder, type EncoderOptions, openEncoder } from './dual-encoder.ts'
import { dotRows } from './embedding-rows.ts'
import { type FoundBatch, findBatch } from './find-batch.ts'
import { testPicture } from './test-picture.ts'

/** A CPU gains nothing beyond sixteen pairs, and each takes 600 KB as floats. */
export const CPU_BATCH = 16

/** How a device stands. */
export interface DeviceStanding {
  device: Device
  /** most pairs of one batch */
  batch: number
  /** @see DeviceUse.trouble */
  trouble: string | null
}

export interface EmbeddedPairs {
  dimension: number
  similarities: number[]
  /** of the pictures, one after the other */
  embeddings: Float32Array
}

/** An encoder that goes on, whatever its device does. */
export interface SteadyEncoder {
  standing(): DeviceStanding
  /** @param crops - the pictures one after the other, RGB interleaved, as many as texts */
  embedPairs(crops: Uint8Array, texts: string[]): Promise<EmbeddedPairs>
  /** @returns the embedding of one side of a pair alone */
  embedOne(side: { text: string } | { crop: Uint8Array }): Promise<EmbeddedPairs>
  /** Find the batch by trial, unless it is a CPU's. */
  findBatch(): Promise<FoundBatch>
  close(): Promise<void>
}

/**
 * Opens an encoder on a device. A batch that is too large for the device's memory is halved and the same pairs go on.
 * After any other failure of a GPU they are tried in a fresh session, and if that fails too, on the CPU, which all
 * later pairs are left to.
 *
 * @param open - in place of `openEncoder`, for tests of faults that no driver makes on demand
 * @throws ShoalError as `openEncoder`; runs throw what the CPU does
 */
export async function openSteady(options: EncoderOptions, open = openEncoder): Promise<SteadyEncoder> {
  const { width, height } = options.config.geometry
  const cropBytes = 3 * width * height
  let { device, batch, turn } = options
  let encoder: DualEncoder | null = await open(options)
  let trouble: string | null = null

  /** @param batchOf - how many of `count` things may share a run */
  async function inBatches(
    count: number,
    run: (encoder: DualEncoder, from: number, to: number) => Promise<void>,
  ) {
    let isFresh = false
    for (let from = 0; from < count; ) {
      const to = Math.min(count, from + batch)
      try {
        encoder ??= await open({ ...options, device, turn, batch })
        await run(encoder, from, to)
        from = to
        isFresh = false
      } catch (error) {
        if (device.kind === 'cpu') throw error
        if (isOutOfMemory(error) && to - from > 1) {
          batch = Math.ceil((to - from) / 2)
          trouble = `ran out of memory, batches of ${batch} now`
          continue
        }
        // whatever it was, a device that is well gets over it in a fresh session
        await close()
        if (isFresh) fallBack(error)
        isFresh = true
      }
    }
  }

  function fallBack(error: unknown): void {
    trouble = `${device.name} was lost, the CPU goes on: ${lineOf(error)}`
    device = CPU
    turn = null
    batch = Math.min(batch, CPU_BATCH)
  }

  async function close(): Promise<void> {
    const closing = encoder
    encoder = null
    // a device that is lost may well refuse that too
    await closing?.close().catch(() => {})
  }

  async function embedPairs(crops: Uint8Array, texts: string[]): Promise<EmbeddedPairs> {
    let whole: EmbeddedPairs | null = null
    await inBatches(texts.length, async (encoder, from, to) => {
      const { dimension } = encoder
      const words = await encoder.embedTexts(texts.slice(from, to))
      const pictures = await encoder.embedImages(crops.subarray(from * cropBytes, to * cropBytes), to - from)
      whole ??= { dimension, similarities: [], embeddings: new Float32Array(texts.length * dimension) }
      whole.embeddings.set(pictures, from * dimension)
      for (let i = 0; i < to - from; i++)
        whole.similarities[from + i] = dotRows(pictures, i * dimension, words, i * dimension, dimension)
    })
    return whole ?? { dimension: encoder?.dimension ?? 0, similarities: [], embeddings: new Float32Array(0) }
  }

  return {
    standing: () => ({ device, batch, trouble }),
    embedPairs,
    async embedOne(side) {
      let embeddings = new Float32Array(0)
      await inBatches(1, async (encoder) => {
        embeddings = (
          'text' in side ? await encoder.embedTexts([side.text]) : await encoder.embedImages(side.crop, 1)
        ) as typeof embeddings
      })
      return { dimension: embeddings.length, similarities: [], embeddings }
    },
    async findBatch() {
      const most = batch
      const picture = testPicture(1, width, height)
      let crops = new Uint8Array(0)
      const found = await findBatch(
        async (count) => {
          if (crops.length < count * cropBytes) {
            crops = new Uint8Array(count * cropBytes)
            for (let i = 0; i < count; i++) crops.set(picture, i * cropBytes)
          }
          const texts = Array.from({ length: count }, (_, i) => TRIED_TEXTS[i % TRIED_TEXTS.length]!)
          encoder ??= await open({ ...options, device, batch: most })
          await encoder.embedTexts(texts)
          await encoder.embedImages(crops.subarray(0, count * cropBytes), count)
        },
        most,
        isOutOfMemory,
      )
      batch = found.batch
      return found
    },
    close,
  }
}

/** Texts of the lengths that alt texts have. */
const TRIED_TEXTS = [
  'red balloon',
  'a dog runs through the deep snow behind two children who pull a sledge',
  'the flag of Japan, painted on an old wooden wall beside a narrow street, seen from far above in the evening',
  'an old house near the sea',
]

/** What onnxruntime, CUDA and its libraries, Direct3D, Metal, Dawn and Vulkan call it. */
const OUT_OF_MEMORY =
  /out[ _]?of[ _]?(?:(?:device|host)[ _])?memory|alloc_failed|failed to allocate|bad_alloc|bad allocation|8007000e|smaller than requested bytes|exceeds the max|insufficient memory/i

export function isOutOfMemory(error: unknown): boolean {
  return OUT_OF_MEMORY.test(messageOf(error))
}

/** What drivers say can go on for pages. */
function lineOf(error: unknown): string {
  return messageOf(error).replace(/\s+/g, ' ').trim().slice(0, 200)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
