import sharp from 'sharp'

/** Sizes of pictures on web pages, smallest to largest, taken in turn. */
const SIZES: readonly [width: number, height: number][] = [
  [500, 375],
  [640, 480],
  [375, 500],
  [800, 600],
  [1024, 683],
  [1200, 800],
]
/** Grains across the picture and their strength: detail fades with its fineness, as in photographs. */
const OCTAVES: readonly [grains: number, strength: number][] = [
  [6, 90],
  [24, 60],
  [96, 25],
  [384, 12],
]

/**
 * Pictures that cost a decoder what photographs cost, the same ones for the same seed.
 *
 * @returns JPEGs of quality 82, 40 to 250 KB each
 */
export async function generateJpegs(seed: number, count: number): Promise<Uint8Array[]> {
  const random = createRandom(seed)
  const files: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const [width, height] = SIZES[i % SIZES.length]!
    const pixels = new Uint8Array(width * height * 3).fill(128)
    for (const [grains, strength] of OCTAVES)
      addNoise(pixels, await noise(random, grains, width, height), strength)
    files.push(new Uint8Array(await sharp(pixels, raw(width, height)).jpeg({ quality: 82 }).toBuffer()))
  }
  return files
}

function noise(random: () => number, grains: number, width: number, height: number): Promise<Buffer> {
  const rows = Math.ceil((grains * height) / width)
  const grid = Uint8Array.from({ length: grains * rows * 3 }, () => random() * 256)
  return sharp(grid, raw(grains, rows))
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer()
}

function addNoise(pixels: Uint8Array, layer: Uint8Array, strength: number): void {
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = Math.max(0, Math.min(255, pixels[i]! + ((layer[i]! - 128) * strength) / 128))
  }
}

function raw(width: number, height: number) {
  return { raw: { width, height, channels: 3 as const } }
}

/** mulberry32: 32 bits of state are enough to make noise. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
