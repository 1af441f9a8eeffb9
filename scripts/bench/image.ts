import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import sharp from 'sharp'
import type { CropGeometry } from '../../node/components.ts'
import { type Decoder, startDecoder } from '../../node/images/decode.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'
import { generateJpegs } from './generate-images.ts'

const GEOMETRY: CropGeometry = { mode: 'crop', resize: 224, width: 224, height: 224, kernel: 'cubic' }
const ROUNDS = 7

/**
 * Decode, crop, sha256, md5 and PDQ against sharp's bare decode and resize to 224, in turns on the same pictures
 * with the same number in flight.
 *
 * @param options.files - pictures of one's own; without them 24 are made from a seed
 * @returns pictures a second of all threads together, and that rate over the bare library's
 */
export async function benchImage(
  options: { files?: string[]; threads?: number } = {},
): Promise<{ perSecond: number; ofLimit: number }> {
  const threads = options.threads ?? availableParallelism()
  const pictures = options.files
    ? await Promise.all(options.files.map(async (path) => new Uint8Array(await readFile(path))))
    : await generateJpegs(1, 24)
  const inFlight = 2 * threads
  const decoder = startDecoder({ threads })
  try {
    const bare = () => rate(pictures, inFlight, decodeBare)
    const whole = () => rate(pictures, inFlight, (bytes) => decodeWhole(decoder, bytes))
    await bare()
    await whole()
    const rates: { bare: number; whole: number }[] = []
    for (let round = 0; round < ROUNDS; round++) rates.push({ bare: await bare(), whole: await whole() })
    return {
      perSecond: median(rates.map((round) => round.whole)),
      ofLimit: median(rates.map((round) => round.whole / round.bare)),
    }
  } finally {
    await decoder.close()
  }
}

async function decodeBare(bytes: Uint8Array): Promise<void> {
  await sharp(bytes).resize(224, 224, { fit: 'cover' }).removeAlpha().raw().toBuffer()
}

async function decodeWhole(decoder: Decoder, bytes: Uint8Array): Promise<void> {
  const result = await decoder.decode(bytes, GEOMETRY, PRESETS['laion-5b']!)
  if (!result.ok)
    throw new Error(`a picture of the benchmark was refused: ${result.outcome}, ${result.detail}`)
}

/** @returns pictures a second, each taken twice, with `inFlight` at a time */
async function rate(
  pictures: Uint8Array[],
  inFlight: number,
  decode: (bytes: Uint8Array) => Promise<void>,
): Promise<number> {
  const queue = [...pictures, ...pictures].values()
  const start = performance.now()
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (const bytes of queue) await decode(bytes)
    }),
  )
  return (2000 * pictures.length) / (performance.now() - start)
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
