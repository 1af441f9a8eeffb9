import { createHash } from 'node:crypto'
import { MAX_DECODE_BYTES, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE } from '../../protocol/limits.ts'
import type { Outcome } from '../../protocol/outcomes.ts'
import { type FilterRules, type ImageFormat, judgeFile, judgeImage } from '../../protocol/rules/filter.ts'
import type { DecodedImage, DecodeResult } from '../components.ts'
import { freeBytes } from '../free-bytes.ts'
import { moving } from '../moving.ts'
import { judgeMetadata } from './consent/judge-metadata.ts'
import type { DecodeAnswer, DecodeTask } from './decode.ts'
import { hashPdq, hashTurned } from './pdq.ts'
import { cropPixels, type Header, readHeader, readPixels, viewPixels } from './pixels.ts'
import { sniff } from './sniff.ts'
import { stripPng } from './strip-png.ts'

const FORMATS: readonly string[] = ['jpeg', 'png', 'webp', 'gif'] satisfies ImageFormat[]
/** Below this the published description advises against matching: the hash is left out. */
const MIN_PDQ_QUALITY = 50
/** Decoding that holds more than this waits for its turn: one such picture at a time in the whole process. */
const LARGE_DECODE_BYTES = 48 * 1024 * 1024
/** Decoders' messages can run over many lines; the first says what is wrong. */
const MAX_DETAIL_CHARS = 120

/** From cheap to dear: nothing is decoded that its size, magic bytes or header rule out. */
export default async function decode(task: DecodeTask): Promise<DecodeAnswer> {
  const { bytes, rules } = task
  let isMoved = false
  const refuse = (outcome: Outcome, detail: string): DecodeResult => {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { ok: false, outcome, detail, sha256 }
  }
  try {
    const outcome = judgeFile(rules, bytes.length)
    if (outcome) return refuse(outcome, `${bytes.length} bytes`)
    const format = sniff(bytes)
    if (!isFormat(format)) return refuse('image_format', format)
    const { refused, reason, signals } = judgeMetadata(bytes, format, task.honoured)
    if (refused) return refuse('optout_image', reason)
    const file = format === 'png' ? stripPng(bytes) : bytes
    const header = await readHeader(file)
    const refusal = judgeHeader(rules, format, header)
    if (refusal) return refuse(...refusal)
    if (header.decodeBytes > LARGE_DECODE_BYTES && !task.alone) {
      isMoved = true
      return moving({ large: bytes }, bytes)
    }
    const image = await decodeImage(task, file, format, header)
    return moving({ ok: true, image: { ...image, signals } }, image.crop, ...image.views)
  } catch (error) {
    const [line = ''] = String((error as Error).message ?? error).split('\n')
    return refuse('image_broken', line.slice(0, MAX_DETAIL_CHARS))
  } finally {
    if (!isMoved) freeBytes(bytes)
  }
}

async function decodeImage(
  { bytes, geometry, views, turned }: DecodeTask,
  file: Uint8Array,
  format: ImageFormat,
  { width, height }: Header,
): Promise<Omit<DecodedImage, 'signals'>> {
  const pixels = await readPixels(file, { width, height }, geometry)
  const resizing = Promise.all([
    cropPixels(pixels, { width, height }, geometry),
    ...views.map((view) => viewPixels(pixels, view)),
  ])
  // in this thread, while libvips resizes in another
  const pdq = hashPdq(pixels.data, pixels.width, pixels.height)
  const isDetailed = pdq.quality >= MIN_PDQ_QUALITY
  const turnedPdqs = turned && isDetailed ? hashTurned(pixels.data, pixels.width, pixels.height) : []
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const md5 = createHash('md5').update(bytes).digest('hex')
  // what libvips allocated can't change threads
  const [crop, ...viewed] = (await resizing).map((buffer) => new Uint8Array(buffer))
  freeBytes(pixels.data)
  return {
    format,
    width,
    height,
    bytes: bytes.length,
    sha256,
    md5,
    pdq: isDetailed ? pdq.hash : null,
    pdqQuality: pdq.quality,
    turnedPdqs,
    crop: crop!,
    views: viewed,
  }
}

/** @returns the outcome and its detail */
function judgeHeader(rules: FilterRules, format: ImageFormat, header: Header): [Outcome, string] | null {
  const { width, height, decodeBytes } = header
  const size = `${width}×${height}`
  if (Math.max(width, height) > MAX_IMAGE_SIDE || width * height > MAX_IMAGE_PIXELS) {
    return ['image_pixels', size]
  }
  const outcome = judgeImage(rules, { format, width, height })
  if (outcome) return [outcome, outcome === 'image_format' ? format : size]
  if (decodeBytes > MAX_DECODE_BYTES) {
    return ['image_pixels', `${size} needs ${Math.round(decodeBytes / 1e6)} MB to decode`]
  }
  return null
}

function isFormat(name: string): name is ImageFormat {
  return FORMATS.includes(name)
}
