import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { CropGeometry } from '../components.ts'

/** How a byte of a channel becomes the model's number: `(byte * rescale - mean) / std`. */
export interface Levels {
  rescale: number
  /** red, green, blue */
  mean: [number, number, number]
  std: [number, number, number]
}

/** What a model's configuration files say about its inputs. */
export interface ModelConfig {
  geometry: CropGeometry
  levels: Levels
  /** most tokens of a text, start and end included */
  context: number
  /** the pad token's id by the model's configuration; the tokenizer's own goes first */
  padId: number | null
}

type Json = Record<string, unknown>

/** Bytes of one configuration file. The largest known, SigLIP 2's tokenizer.json, has 34 MB. */
export const MAX_CONFIG_BYTES = 64 * 1024 * 1024
/** Pixels of a crop's side. The largest known models take 512; beyond it a batch would not fit into memory. */
const MAX_SIDE = 1024
/** Tokens of a text; long-context CLIPs take 248, others 512. */
const MAX_CONTEXT = 4096
/** CLIP's own context, for models that don't say. */
const CLIP_CONTEXT = 77

/** PIL's resampling filters, by the numbers that `resample` gives them. Box and hamming have no like here. */
const KERNELS: CropGeometry['kernel'][] = ['nearest', 'lanczos3', 'linear', 'cubic']

/** @throws ShoalError `model_config` that names the file and the setting */
export async function readModelConfig(directory: string): Promise<ModelConfig> {
  const preprocessor = await readJson(join(directory, 'preprocessor_config.json'))
  const config = await readJson(join(directory, 'config.json'))
  const tokenizer = await readJson(join(directory, 'tokenizer_config.json'), {})
  const refuse = (what: string) =>
    new ShoalError('model_config', `${join(directory, 'preprocessor_config.json')}: ${what}`)
  const text = asObject(config.text_config)
  const isOpenClip = preprocessor.interpolation !== undefined
  const openClipContext = asObject(config.text_cfg).context_length ?? (isOpenClip ? CLIP_CONTEXT : undefined)
  const lengths = [text.max_position_embeddings, openClipContext, tokenizer.model_max_length].filter(
    isContext,
  )
  return {
    geometry: isOpenClip ? parseOpenClip(preprocessor, refuse) : parseGeometry(preprocessor, refuse),
    levels: parseLevels(isOpenClip ? nameLevels(preprocessor) : preprocessor, refuse),
    context: lengths.length > 0 ? Math.min(...lengths) : CLIP_CONTEXT,
    padId: Number.isInteger(text.pad_token_id) ? (text.pad_token_id as number) : null,
  }
}

/**
 * The defaults of what a file leaves out are those of Hugging Face's image processors:
 * CLIP's crops the centre, others (SigLIP's) stretch the picture to the size.
 */
function parseGeometry(json: Json, refuse: (what: string) => ShoalError): CropGeometry {
  if (json.do_resize === false) throw refuse('do_resize is false; a model needs pictures of one size')
  const resample = json.resample ?? 3
  const kernel = typeof resample === 'number' ? KERNELS[resample] : undefined
  if (kernel === undefined) throw refuse(`resample ${resample} is none of 0, 1, 2, 3`)
  const isClip = /CLIP/.test(`${json.image_processor_type ?? json.feature_extractor_type ?? 'CLIP'}`)
  const crops = json.do_center_crop ?? (json.crop_size !== undefined || isClip)
  const size = json.size ?? 224
  const edge = typeof size === 'number' ? size : asObject(size).shortest_edge
  if (!crops) {
    const { width, height } = readSize(size, 'size', refuse)
    return { mode: 'stretch', resize: Math.min(width, height), width, height, kernel }
  }
  const { width, height } = readSize(json.crop_size ?? size, 'crop_size', refuse)
  if (edge === undefined) {
    const whole = readSize(size, 'size', refuse)
    if (whole.width !== width || whole.height !== height) {
      throw refuse('size names both edges and crop_size differs from it; this way of cropping is not known')
    }
    return { mode: 'stretch', resize: Math.min(width, height), width, height, kernel }
  }
  if (!isSide(edge) || edge < Math.max(width, height)) {
    throw refuse(`size.shortest_edge ${edge} is no size of at least the crop's ${width} x ${height}`)
  }
  return { mode: 'crop', resize: edge, width, height, kernel }
}

/** What open_clip writes down of its transforms: `{ size, mode, mean, std, interpolation, resize_mode, fill_color }`. */
function parseOpenClip(json: Json, refuse: (what: string) => ShoalError): CropGeometry {
  const kernel = OPEN_CLIP_KERNELS[`${json.interpolation}`]
  if (kernel === undefined) throw refuse(`interpolation ${json.interpolation} is none of bicubic, bilinear`)
  if (json.mode !== undefined && json.mode !== 'RGB') throw refuse(`mode ${json.mode} is not RGB`)
  const [height, width] = Array.isArray(json.size) ? json.size : [json.size, json.size]
  const size = readSize({ width, height }, 'size', refuse)
  const resize = Math.min(size.width, size.height)
  if (json.resize_mode === 'squash') return { mode: 'stretch', resize, ...size, kernel }
  if (json.resize_mode !== 'shortest' && json.resize_mode !== undefined)
    throw refuse(`resize_mode ${json.resize_mode} is none of shortest, squash`)
  if (size.width !== size.height) throw refuse('a crop of two lengths is not known')
  return { mode: 'crop', resize, ...size, kernel }
}

const OPEN_CLIP_KERNELS: Readonly<Record<string, CropGeometry['kernel']>> = {
  bicubic: 'cubic',
  bilinear: 'linear',
}

function nameLevels({ mean, std }: Json): Json {
  return { image_mean: mean, image_std: std }
}

function parseLevels(json: Json, refuse: (what: string) => ShoalError): Levels {
  const rescale = json.do_rescale === false ? 1 : (json.rescale_factor ?? 1 / 255)
  if (typeof rescale !== 'number' || !(rescale > 0)) throw refuse('rescale_factor is no positive number')
  if (json.do_normalize === false) return { rescale, mean: [0, 0, 0], std: [1, 1, 1] }
  const { image_mean: mean, image_std: std } = json
  if (!isTriple(mean)) throw refuse('image_mean is not three numbers')
  if (!isTriple(std) || std.includes(0)) throw refuse('image_std is not three numbers other than 0')
  return { rescale, mean, std }
}

function readSize(value: unknown, name: string, refuse: (what: string) => ShoalError) {
  const { width, height } = typeof value === 'number' ? { width: value, height: value } : asObject(value)
  const edge = asObject(value).shortest_edge
  if (isSide(width) && isSide(height)) return { width, height }
  if (isSide(edge)) return { width: edge, height: edge }
  throw refuse(`${name} is no size of 1 to ${MAX_SIDE} pixels: ${JSON.stringify(value)}`)
}

/** @param absent - what a missing file stands for; without it a missing file is an error */
export async function readJson(path: string, absent?: Json): Promise<Json> {
  const bytes = (await stat(path).catch(() => null))?.size
  if (bytes === undefined && absent !== undefined) return absent
  if (bytes !== undefined && bytes > MAX_CONFIG_BYTES) {
    throw new ShoalError(
      'model_config',
      `${path}: ${bytes} bytes are more than the limit ${MAX_CONFIG_BYTES}`,
    )
  }
  try {
    const json: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Json
  } catch (cause) {
    throw new ShoalError('model_config', `${path}: ${(cause as Error).message}`)
  }
  throw new ShoalError('model_config', `${path}: is no JSON object`)
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

function isSide(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_SIDE
}

function isContext(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 2 && (value as number) <= MAX_CONTEXT
}

function isTriple(value: unknown): value is [number, number, number] {
  return Array.isArray(value) && value.length === 3 && value.every((v) => Number.isFinite(v))
}
