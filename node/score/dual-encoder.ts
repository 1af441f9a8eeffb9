import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { Device } from './device.ts'
import { openImageTower } from './image-tower.ts'
import { type ModelConfig, readJson } from './model-config.ts'
import { namePaths } from './model-files.ts'
import { openTower } from './onnx.ts'
import { openTextTower } from './text-tower.ts'
import { openTokenizer } from './tokenize.ts'
import type { Turn } from './turn.ts'

export interface EncoderOptions {
  directory: string
  precision: string
  config: ModelConfig
  /** of a CPU's arithmetic */
  threads: number
  device: Device
  /** which all that run on WebGPU share; null elsewhere */
  turn: Turn | null
  /** most pairs of one batch */
  batch: number
}

/** Both towers of a model. Embeddings are rows of `dimension` floats, L2-normalised. */
export interface DualEncoder {
  readonly dimension: number
  /** @param crops - the pictures one after the other, RGB interleaved; at most a batch of them */
  embedImages(crops: Uint8Array, count: number): Promise<Float32Array>
  /** @param texts - normalised; at most a batch of them */
  embedTexts(texts: string[]): Promise<Float32Array>
  close(): Promise<void>
}

/** Texts are short, and few have the same length: more threads than rows would change the rounding. */
const TEXT_THREADS = 2
/**
 * How far a row may move with its neighbours on a GPU, whose kernels go by the size of the batch: a tenth of what is
 * allowed between devices. In a model that looks at the whole batch it moves much further.
 */
const GPU_STRAY = 5e-4

/**
 * @param open - in place of `openTower`, to measure what the sessions do
 * @throws ShoalError `model_broken`, `device_unusable`; `model_layout` where the model does not fit its configuration
 */
export async function openEncoder(options: EncoderOptions, open = openTower): Promise<DualEncoder> {
  const { directory, config, batch, device, turn } = options
  const isCpu = device.kind === 'cpu'
  // a run has at least as many rows as threads, see findRowsPerRun
  const threads = isCpu ? Math.min(options.threads, batch) : 1
  const stray = isCpu ? 0 : GPU_STRAY
  const paths = namePaths(options.precision)
  const visionPath = join(directory, paths.vision)
  const textPath = join(directory, paths.text)
  const tokens = openTokenizer(
    await readJson(join(directory, 'tokenizer.json')),
    await readJson(join(directory, 'tokenizer_config.json'), {}),
    config,
  )
  await using opened = new AsyncDisposableStack()
  const vision = await open(visionPath, ['image_embeds', 'pooler_output', 'embedding'], threads, device, turn)
  opened.defer(() => vision.close())
  const text = await open(
    textPath,
    ['text_embeds', 'pooler_output', 'embedding'],
    Math.min(TEXT_THREADS, threads),
    device,
    turn,
  )
  opened.defer(() => text.close())
  const images = await openImageTower(vision, config, { batch, threads, stray }, visionPath)
  const texts = await openTextTower(text, tokens, { context: config.context, stray }, textPath)
  if (images.dimension !== texts.dimension) {
    const dimensions = `${images.dimension} and ${texts.dimension} numbers`
    throw new ShoalError(
      'model_layout',
      `${directory}: its embeddings of images and texts have ${dimensions}`,
    )
  }
  const towers = opened.move()
  return {
    dimension: images.dimension,
    embedImages: images.embed,
    embedTexts: texts.embed,
    close: () => towers.disposeAsync(),
  }
}
