import { readFile } from 'node:fs/promises'
import type { CropGeometry } from '../components.ts'

/**
 * What a model's tokeniser and preprocessing are compared with, made by scripts/model-vectors/make.py with the
 * libraries that models are published for: Hugging Face's tokenizers, and Pillow.
 */
const VECTORS = new URL('./vectors/', import.meta.url)

/** Ids of one tokeniser. */
export interface TokenVectors {
  /** whose it is */
  of: string
  vocabulary: number
  /** ids of some tokens, by which the tokeniser is known */
  marks: Record<string, number>
  /** most ids of a text */
  context: number
  vectors: { text: string; ids: number[] }[]
}

interface PictureVectors {
  /** pixels across and down from one sample to the next */
  step: number
  /** `drawReference` draws one from its number; the other is `jpeg` */
  sources: ({ number: number; width: number; height: number } | { jpeg: true })[]
  /** base64 */
  jpeg: string
  /** samples of each source's crop, red, green, blue, as base64 */
  geometries: (CropGeometry & { samples: string[] })[]
}

/** A picture, and what its crop should be. */
export interface ReferenceCrop {
  /** the file's bytes, or RGB */
  source: { file: Uint8Array } | { rgb: Uint8Array; width: number; height: number }
  /** whether the model wants more pixels than it has */
  isEnlarged: boolean
  samples: Uint8Array
}

/** @returns the ids that the tokeniser with this vocabulary should give, or null where there is no reference for it */
export async function referenceTokens(vocabulary: ReadonlyMap<string, number>): Promise<TokenVectors | null> {
  const all = (await readVectors('tokens.json')) as TokenVectors[]
  const isThis = ({ vocabulary: size, marks }: TokenVectors) =>
    vocabulary.size === size && Object.entries(marks).every(([token, id]) => vocabulary.get(token) === id)
  return all.find(isThis) ?? null
}

/** @returns pictures with samples of their crops, or null where there is no reference for this geometry */
export async function referenceCrops(
  geometry: CropGeometry,
): Promise<{ step: number; crops: ReferenceCrop[] } | null> {
  const { step, sources, jpeg, geometries } = (await readVectors('pictures.json')) as PictureVectors
  const keys = ['mode', 'resize', 'width', 'height', 'kernel'] as const
  const found = geometries.find((one) => keys.every((key) => one[key] === geometry[key]))
  if (found === undefined) return null
  const crops = sources.map((source, i) => ({
    source:
      'jpeg' in source
        ? { file: Buffer.from(jpeg, 'base64') }
        : { rgb: drawReference(source.number, source.width, source.height), ...source },
    isEnlarged: !('jpeg' in source) && Math.min(source.width, source.height) < geometry.resize,
    samples: Buffer.from(found.samples[i]!, 'base64'),
  }))
  return { step, crops }
}

/** Waves of two lengths, turned to their negative in every other square: slopes and edges. RGB interleaved. */
function drawReference(number: number, width: number, height: number): Uint8Array {
  const picture = new Uint8Array(3 * width * height)
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++) {
        const long = wave(x * (channel + 1) + y * (number + 1), 97)
        const level = (long + wave(2 * y - x + 40 * channel + 4096, 61)) >> 1
        picture[at++] = ((x >> 5) + (y >> 5) + channel) & 1 ? 255 - level : level
      }
  return picture
}

/** A triangle between 0 and 255. */
function wave(value: number, period: number): number {
  return Math.floor((Math.abs((value % (2 * period)) - period) * 255) / period)
}

async function readVectors(name: string): Promise<unknown> {
  return JSON.parse(await readFile(new URL(name, VECTORS), 'utf8'))
}
