import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import sharp from 'sharp'
import { ShoalError } from '../../protocol/errors.ts'
import type { CropGeometry, Scorer } from '../components.ts'
import { parseModelId } from './download-model.ts'
import { directoryOf, EMBEDDED, findModel } from './find-model.ts'
import { pinOf, recipeWith } from './known-models.ts'
import { measureGolden } from './measure-golden.ts'
import { type ModelConfig, readJson, readModelConfig } from './model-config.ts'
import { hasPrecision } from './model-files.ts'
import { type ReferenceCrop, referenceCrops, referenceTokens } from './reference.ts'
import { openScorer, type ScorerOptions } from './score.ts'
import { readShoalFile } from './shoal-file.ts'
import { openTokenizer } from './tokenize.ts'

export interface CheckOptions extends ScorerOptions {
  /** From an image file's bytes to the model's crop, as pages' pictures go. */
  decode: (bytes: Uint8Array, geometry: CropGeometry) => Promise<Uint8Array>
}

/** What was found of a model; a check that has nothing to compare with is null. */
export interface ModelCheck {
  directory: string
  precision: string
  deviceClass: string
  /** numbers of an embedding */
  dimension: number
  thresholds: Scorer['thresholds']
  /** `isPublished`: it has the hash that its public page states; null where none is known */
  files: { path: string; bytes: number; sha256: string; isPublished: true | null }[]
  /** most that a score or a number of an embedding was off the golden ones */
  golden: { pairs: number; most: number } | null
  /** null where there is no reference for what the model wants */
  crops: { shrunk: CropCheck; enlarged: CropCheck } | null
  /** texts that got other ids than the reference's */
  tokens: { of: string; texts: number; wrong: string[] } | null
  /** what is wrong, in words */
  faults: string[]
}

/** Levels of 255 that crops are off the reference's: the mean of the worst picture, and the most of all samples. */
interface CropCheck {
  pictures: number
  mean: number
  most: number
}

/**
 * Mean levels of 255 that the crop of a picture larger than the model's may be off Pillow's: 0.1 to 0.7 where all is
 * right, 1.4 and more by another kernel, 4 by an edge of two pixels more. Of pictures that have to be enlarged it is
 * only told: libvips places those up to half a pixel off, which is 1.4 to 5.7 of what is drawn here.
 */
const MEAN_ALLOWED = 1

/**
 * Opens a model, and compares what goes into it with what its publisher's libraries make of the same pictures and texts.
 *
 * @param model - as `findModel` takes it
 * @throws ShoalError `model_absent` where it was not downloaded; as `openScorer`: what can't be opened, or strays from its golden pairs, is told that way
 */
export async function checkModel(model: string | null, options: CheckOptions): Promise<ModelCheck> {
  const found = model === null ? EMBEDDED : await findModel(model, options.cacheDir)
  const directory = directoryOf(found, options.cacheDir)
  const id = parseModelId(found)
  if (id !== null && !(await hasPrecision(directory, options.precision ?? 'fp32')))
    throw new ShoalError('model_absent', `${model} is not here: get it with shoal model pull ${model}`)
  const scorer = await openScorer(found, options)
  try {
    const { files } = scorer.model
    const [config, shoal] = [await readModelConfig(directory), await readShoalFile(directory)]
    const strays = await measureGolden(scorer, shoal?.golden ?? [], scorer.geometry)
    const repo = id?.repo ?? recipeWith(files)?.repo ?? ''
    const crops = await compareCrops(scorer.geometry, options.decode)
    const tokens = await compareTokens(directory, config)
    return {
      ...{ directory, precision: options.precision ?? 'fp32', deviceClass: scorer.deviceClass },
      dimension: (await scorer.embed({ text: 'a picture' })).length,
      thresholds: scorer.thresholds,
      files: files.map((file) => ({ ...file, isPublished: pinOf(repo, file.path) === file.sha256 || null })),
      golden: strays.length === 0 ? null : { pairs: strays.length, most: Math.max(...strays) },
      ...{ crops, tokens, faults: findFaults(crops, tokens) },
    }
  } finally {
    await scorer.close()
  }
}

function findFaults(crops: ModelCheck['crops'], tokens: ModelCheck['tokens']): string[] {
  const faults: string[] = []
  if (crops !== null && crops.shrunk.mean > MEAN_ALLOWED)
    faults.push(
      `crops are ${crops.shrunk.mean.toFixed(2)} of 255 off Pillow's, and ${MEAN_ALLOWED} is allowed`,
    )
  if (tokens !== null && tokens.wrong.length > 0)
    faults.push(
      `${tokens.wrong.length} of ${tokens.texts} texts have other tokens than ${tokens.of} gives them`,
    )
  return faults
}

async function compareCrops(
  geometry: CropGeometry,
  decode: CheckOptions['decode'],
): Promise<ModelCheck['crops']> {
  const reference = await referenceCrops(geometry)
  if (reference === null) return null
  const nothing = { pictures: 0, mean: 0, most: 0 }
  const crops = { shrunk: { ...nothing }, enlarged: { ...nothing } }
  for (const { source, isEnlarged, samples } of reference.crops) {
    const crop = await decode(await encodePicture(source), geometry)
    const offs = sampleCrop(crop, geometry, reference.step).map((level, i) => Math.abs(level - samples[i]!))
    const kept = isEnlarged ? crops.enlarged : crops.shrunk
    kept.pictures++
    kept.mean = Math.max(kept.mean, offs.reduce((sum, off) => sum + off, 0) / offs.length)
    kept.most = Math.max(kept.most, ...offs)
  }
  return crops
}

async function encodePicture(source: ReferenceCrop['source']): Promise<Uint8Array> {
  if ('file' in source) return source.file
  const { rgb, width, height } = source
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer()
}

/** Red, green and blue of every so many pixels across and down. */
function sampleCrop(crop: Uint8Array, { width, height }: CropGeometry, step: number): number[] {
  const levels: number[] = []
  for (let y = 0; y < height; y += step)
    for (let x = 0; x < width; x += step)
      levels.push(...crop.subarray(3 * (y * width + x), 3 * (y * width + x) + 3))
  return levels
}

async function compareTokens(directory: string, config: ModelConfig): Promise<ModelCheck['tokens']> {
  const json = await readJson(join(directory, 'tokenizer.json'))
  const settings = await readJson(join(directory, 'tokenizer_config.json'), {})
  const reference = await referenceTokens(new Tokenizer(json, settings).get_vocab(true))
  if (reference === null) return null
  const tokens = openTokenizer(json, settings, { ...config, context: reference.context })
  const wrong = reference.vectors.filter(({ text, ids }) => `${tokens.encode(text)}` !== `${ids}`)
  return { of: reference.of, texts: reference.vectors.length, wrong: wrong.map(({ text }) => text) }
}
