import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { MAX_IMAGE_PIXELS } from '../../protocol/limits.ts'
import type { Outcome } from '../../protocol/outcomes.ts'
import { type ImageFormat, judgeFile, judgeImage } from '../../protocol/rules/filter.ts'
import type { CropGeometry, DecodeResult } from '../components.ts'
import type { DecodeTask } from './decode.ts'
import { hashPdq } from './pdq.ts'
import { sniff } from './sniff.ts'

const FORMATS: readonly string[] = ['jpeg', 'png', 'webp', 'gif'] satisfies ImageFormat[]
const MIN_PDQ_QUALITY = 50
const DECODE_SECONDS = 10
const MAX_RAW_PIXELS = 2_000_000

sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
  ],
})
sharp.cache(false)
sharp.concurrency(1)

interface Pixels {
  data: Buffer
  width: number
  height: number
}

export default async function decode({ bytes, geometry, rules }: DecodeTask): Promise<DecodeResult> {
  const tooSmall = judgeFile(rules, bytes.length)
  if (tooSmall) return refuse(tooSmall, `${bytes.length} bytes`)
  const format = sniff(bytes)
  if (!FORMATS.includes(format)) return refuse('image_format', format)
  try {
    const { autoOrient } = await sharp(bytes, { failOn: 'error', limitInputPixels: false }).metadata()
    const image = { format: format as ImageFormat, width: autoOrient.width, height: autoOrient.height }
    const outcome = image.width * image.height > MAX_IMAGE_PIXELS ? 'image_pixels' : judgeImage(rules, image)
    if (outcome) {
      return refuse(outcome, outcome === 'image_format' ? format : `${image.width}×${image.height}`)
    }
    const pixels = await readPixels(bytes, image, geometry)
    const crop = await cropPixels(pixels, image, geometry)
    const { hash, quality } = hashPdq(pixels.data, pixels.width, pixels.height)
    const result: DecodeResult = {
      ok: true,
      image: {
        ...image,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        md5: createHash('md5').update(bytes).digest('hex'),
        pdq: quality < MIN_PDQ_QUALITY ? null : hash,
        pdqQuality: quality,
        crop,
      },
    }
    return result
  } catch (error) {
    return refuse('image_broken', String((error as Error).message))
  }
}

function refuse(outcome: Outcome, detail: string): DecodeResult {
  return { ok: false, outcome, detail }
}

async function readPixels(
  bytes: Uint8Array,
  { width, height }: { width: number; height: number },
  geometry: CropGeometry,
): Promise<Pixels> {
  const image = sharp(bytes, {
    failOn: 'error',
    limitInputPixels: MAX_IMAGE_PIXELS,
    ignoreIcc: true,
    autoOrient: true,
  })
  if (width * height > MAX_RAW_PIXELS) {
    const scale = Math.min(1, (3 * geometry.resize) / Math.min(width, height))
    image.resize(Math.ceil(width * scale), Math.ceil(height * scale), { fit: 'fill' })
  }
  const { data, info } = await image
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .timeout({ seconds: DECODE_SECONDS })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

async function cropPixels(
  { data, width, height }: Pixels,
  original: { width: number; height: number },
  geometry: CropGeometry,
): Promise<Uint8Array> {
  const image = sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
  const { kernel } = geometry
  if (geometry.mode === 'stretch') {
    image.resize(geometry.width, geometry.height, { fit: 'fill', kernel })
  } else {
    const short = Math.min(original.width, original.height)
    const outWidth = Math.floor((original.width * geometry.resize) / short)
    const outHeight = Math.floor((original.height * geometry.resize) / short)
    image.resize(outWidth, outHeight, { fit: 'fill', kernel }).extract({
      left: roundHalfToEven((outWidth - geometry.width) / 2),
      top: roundHalfToEven((outHeight - geometry.height) / 2),
      width: geometry.width,
      height: geometry.height,
    })
  }
  return image.raw().toBuffer()
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value)
}
