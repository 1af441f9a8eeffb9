/** Everything that is asked of libvips: bounded, the same on every machine, in the colours the reference sees. */
import sharp, { type Metadata } from 'sharp'
import { MAX_IMAGE_PIXELS } from '../../protocol/limits.ts'
import type { CropGeometry, ViewGeometry } from '../components.ts'
import { enlarge, type Part } from './enlarge.ts'

/**
 * A cut file is refused even where only its end marker is missing, as nobody can tell what else is. Faults that
 * decoders merely warn of (bytes between JPEG segments, a bad Huffman code, bytes after the end) pass: browsers and
 * Pillow show such pictures too.
 */
const FAIL_ON = 'error'
/** Seconds of decoding. 50 Mpx take about one; what takes ten is made to. */
const DECODE_SECONDS = 10
/** Larger pictures are shrunk while they are read: 2 Mpx are 6 MB. */
const MAX_RAW_PIXELS = 2_000_000
/** How much larger than the model's shortest edge they stay, so that the second resize still decides the result. */
const OVERSAMPLING = 2.5
/** The perceptual hash looks at no more, and at no less whatever the model's size. */
const MIN_SHRUNK_SIDE = 512
/** Pixels after that shrinking. Reached only by strips longer than about 20:1, which lose detail along the strip. */
const MAX_SHRUNK_PIXELS = 8_000_000
/** Rows that libvips keeps of a picture that comes line by line, before and after its first step of shrinking. */
const BUFFERED_ROWS = 2 * 1024

export interface Header {
  /** after EXIF orientation */
  width: number
  height: number
  /** what the decoder will hold at once, about */
  decodeBytes: number
}

export interface Pixels {
  /** RGB, 8 bits, interleaved */
  data: Uint8Array
  width: number
  height: number
}

/**
 * @param bytes - a JPEG, PNG, WebP or GIF
 * @throws Error where the header is broken
 */
export async function readHeader(bytes: Uint8Array): Promise<Header> {
  const meta = await sharp(bytes, { failOn: FAIL_ON, limitInputPixels: false }).metadata()
  return { ...meta.autoOrient, decodeBytes: estimateBytes(meta) }
}

/** What libvips and the format's own library hold at once, measured on hostile files and rounded up. */
function estimateBytes(meta: Metadata): number {
  const { format, width, height, channels } = meta
  const rows = Math.min(2 * height, BUFFERED_ROWS)
  switch (format) {
    case 'jpeg': // several scans: the coefficients of all of them, 16 bits each
      if (!meta.isProgressive) return width * rows * channels
      return width * height * (meta.chromaSubsampling === '4:2:0' ? 3 : 2 * channels)
    case 'png':
      return width * (meta.isProgressive ? height : rows) * channels * (meta.depth === 'ushort' ? 2 : 1)
    case 'webp':
      return width * height * 4
    default: // the canvas of a GIF and the frame's indices
      return width * height * 5
  }
}

/**
 * Decode the first frame to RGB: turned after EXIF, transparency over white, 16 bits to 8, grey and palette to RGB,
 * CMYK by libvips' own profile. Embedded profiles are not applied: CLIP's reference preprocessing (Pillow's
 * `convert('RGB')`) ignores them, and scores must agree with it.
 *
 * @param size - as the header says; larger pictures come out smaller, see the constants above
 * @throws Error with the decoder's message
 */
export async function readPixels(
  bytes: Uint8Array,
  size: { width: number; height: number },
  geometry: CropGeometry,
): Promise<Pixels> {
  const image = sharp(bytes, {
    failOn: FAIL_ON,
    limitInputPixels: MAX_IMAGE_PIXELS,
    ignoreIcc: true,
    autoOrient: true,
  })
  if (size.width * size.height > MAX_RAW_PIXELS) {
    image.resize({ ...shrunkSize(size, geometry), fit: 'fill', kernel: 'cubic' })
  }
  const { data, info } = await image
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .timeout({ seconds: DECODE_SECONDS })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  if (info.channels !== 3) throw new Error(`decoded to ${info.channels} channels`)
  return { data, width: info.width, height: info.height }
}

function shrunkSize(
  { width, height }: { width: number; height: number },
  geometry: CropGeometry,
): { width: number; height: number } {
  const edge = geometry.mode === 'crop' ? geometry.resize : Math.max(geometry.width, geometry.height)
  const scale = Math.min(1, Math.max(OVERSAMPLING * edge, MIN_SHRUNK_SIDE) / Math.min(width, height))
  const short = Math.round(Math.min(width, height) * scale)
  const long = Math.min(Math.round(Math.max(width, height) * scale), Math.floor(MAX_SHRUNK_PIXELS / short))
  return width < height ? { width: short, height: long } : { width: long, height: short }
}

/**
 * The model's crop, as Pillow and torchvision make it: the long edge is rounded down, the crop's offset half to even.
 *
 * @param size - the picture's own, which decides the proportions even where `pixels` were shrunk
 * @returns RGB, interleaved, `geometry.width * geometry.height * 3` bytes
 */
export async function cropPixels(
  pixels: Pixels,
  size: { width: number; height: number },
  geometry: CropGeometry,
): Promise<Uint8Array> {
  const { kernel } = geometry
  const part = partOf(size, geometry)
  const shrunk = {
    width: Math.min(pixels.width, part.fullWidth),
    height: Math.min(pixels.height, part.fullHeight),
  }
  const isEnlarged = shrunk.width < part.fullWidth || shrunk.height < part.fullHeight
  if (isEnlarged && shrunk.width === pixels.width && shrunk.height === pixels.height)
    return enlarge(pixels, part, kernel)
  const { data, width, height } = pixels
  const image = sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize({ ...shrunk, fit: 'fill', kernel })
    .timeout({ seconds: DECODE_SECONDS })
    .raw()
  if (isEnlarged) return enlarge({ data: await image.toBuffer(), ...shrunk }, part, kernel)
  const { fullWidth, fullHeight, ...crop } = part
  // libvips computes only what the crop asks for, however long the other edge is
  return image.extract(crop).toBuffer()
}

/** Where the model's crop lies in the resized picture. */
function partOf(
  size: { width: number; height: number },
  { mode, resize, width, height }: CropGeometry,
): Part {
  if (mode === 'stretch') return { fullWidth: width, fullHeight: height, left: 0, top: 0, width, height }
  const short = Math.min(size.width, size.height)
  const fullWidth = Math.floor((size.width * resize) / short)
  const fullHeight = Math.floor((size.height * resize) / short)
  const left = roundHalfToEven((fullWidth - width) / 2)
  const top = roundHalfToEven((fullHeight - height) / 2)
  return { fullWidth, fullHeight, left, top, width, height }
}

/**
 * The picture for something else than the model, by a bilinear filter that takes in every pixel.
 *
 * @returns RGB, interleaved, `width * height * 3` bytes
 */
export function viewPixels(
  { data, width, height }: Pixels,
  { fit, ...size }: ViewGeometry,
): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize({ ...size, fit: FITS[fit], kernel: 'linear', background: 'black' })
    .timeout({ seconds: DECODE_SECONDS })
    .raw()
    .toBuffer()
}
const FITS = { stretch: 'fill', crop: 'cover', pad: 'contain' } as const

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value)
}
