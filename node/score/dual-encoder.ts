import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import { openImageTower } from './image-tower.ts'
import { type ModelConfig, readJson } from './model-config.ts'
import { namePaths } from './model-files.ts'
import { openTower } from './onnx.ts'
import { openTextTower } from './text-tower.ts'
import { openTokenizer } from './tokenize.ts'

export interface EncoderOptions {
  directory: string
  precision: string
  config: ModelConfig
  threads: number
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

/** @throws ShoalError `model_broken`, `model_layout` where the model does not fit its configuration */
export async function openEncoder(options: EncoderOptions): Promise<DualEncoder> {
  const { directory, config, batch } = options
  // a run has at least as many rows as threads, see findRowsPerRun
  const threads = Math.min(options.threads, batch)
  const paths = namePaths(options.precision)
  const visionPath = join(directory, paths.vision)
  const textPath = join(directory, paths.text)
  const tokens = openTokenizer(
    await readJson(join(directory, 'tokenizer.json')),
    await readJson(join(directory, 'tokenizer_config.json'), {}),
    config,
  )
  await using opened = new AsyncDisposableStack()
  const vision = await openTower(visionPath, ['image_embeds', 'pooler_output'], threads)
  opened.defer(() => vision.close())
  const text = await openTower(textPath, ['text_embeds', 'pooler_output'], Math.min(TEXT_THREADS, threads))
  opened.defer(() => text.close())
  const images = await openImageTower(vision, config, { batch, threads }, visionPath)
  const texts = await openTextTower(text, tokens, config.context, textPath)
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
