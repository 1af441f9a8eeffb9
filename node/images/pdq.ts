/**
 * PDQ, the perceptual hash of Facebook's ThreatExchange, after its published description ("The TMK+PDQF
 * Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019): luminance, two passes of a box filter
 * in both directions (together a tent, after Jarosz), 64×64 samples, the 16×16 lowest frequencies of their DCT
 * without the constant ones, and one bit for each that is above the median.
 */

export interface PdqHash {
  /** 64 hex digits; the first digits hold the highest frequencies, as the reference prints them */
  hash: string
  /** 0..100: how much structure the picture has. The reference advises against matching below 50 */
  quality: number
}

const SAMPLES = 64
const FREQUENCIES = 16
/** The reference takes every picture that is larger down to this side first, to the nearest pixel. */
const MAX_SIDE = 512

/** Orthonormal DCT-II of 64 samples, frequencies 1 to 16, one a row. */
const DCT = Float64Array.from({ length: FREQUENCIES * SAMPLES }, (_, index) => {
  const frequency = Math.floor(index / SAMPLES) + 1
  const sample = index % SAMPLES
  return Math.sqrt(2 / SAMPLES) * Math.cos((Math.PI / (2 * SAMPLES)) * frequency * (2 * sample + 1))
})

/** @param rgb - 8 bits a channel, interleaved, `width * height * 3` bytes */
export function hashPdq(rgb: Uint8Array, width: number, height: number): PdqHash {
  const samples = sample(rgb, width, height)
  return { hash: toHex(transform(samples)), quality: measureQuality(samples) }
}

/**
 * The hashes of a picture as it is, mirrored and turned: all eight of the dihedral group, its own first, each as of the
 * picture that was mirrored or turned before.
 *
 * @param rgb - as `hashPdq`
 */
export function hashTurned(rgb: Uint8Array, width: number, height: number): string[] {
  return [false, true].flatMap((across) =>
    [false, true].flatMap((down) => {
      const samples = sample(rgb, width, height, { across, down })
      return [samples, transpose(samples)].map((turned) => toHex(transform(turned)))
    }),
  )
}

function transpose(samples: Float64Array): Float64Array {
  return samples.map((_, at) => samples[SAMPLES * (at % SAMPLES) + Math.floor(at / SAMPLES)]!)
}

/** What one of the 64 samples along an axis is made of: weights of consecutive pixels, which sum to 1. */
interface Tap {
  first: number
  weights: number[]
}

/** Every step up to the samples is linear and works along one axis: blur and sampling are one sum a sample. */
function sample(
  rgb: Uint8Array,
  width: number,
  height: number,
  mirrored = { across: false, down: false },
): Float64Array {
  const columns = Math.min(width, MAX_SIDE)
  const rows = Math.min(height, MAX_SIDE)
  const across = tapsOf(columns)
  const columnAt = (x: number) => Math.floor((x * width) / columns)
  const rowAt = (y: number) => Math.floor((y * height) / rows)
  const offsets = Int32Array.from(
    { length: columns },
    (_, x) => 3 * (mirrored.across ? width - 1 - columnAt(x) : columnAt(x)),
  )
  const samples = new Float64Array(SAMPLES * SAMPLES)
  const line = new Float64Array(columns)
  for (const [i, { first, weights }] of tapsOf(rows).entries()) {
    line.fill(0)
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k]!
      const y = rowAt(first + k)
      const row = 3 * width * (mirrored.down ? height - 1 - y : y)
      for (let x = 0; x < columns; x++) {
        const at = row + offsets[x]!
        // luma of ITU-R BT.601
        line[x]! += weight * (0.299 * rgb[at]! + 0.587 * rgb[at + 1]! + 0.114 * rgb[at + 2]!)
      }
    }
    for (let j = 0; j < SAMPLES; j++) {
      const { first, weights } = across[j]!
      let sum = 0
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * line[first + k]!
      samples[SAMPLES * i + j] = sum
    }
  }
  return samples
}

/**
 * Samples lie at the centres of 64 equal cells. The box is the side over 128, rounded up; an even one reaches
 * further ahead than back, and at the edges it is cut, not padded.
 */
function tapsOf(side: number): Tap[] {
  const box = Math.ceil(side / (2 * SAMPLES))
  const ahead = Math.floor(box / 2)
  const back = box - 1 - ahead
  const reach = (at: number) => ({ from: Math.max(0, at - back), to: Math.min(side - 1, at + ahead) })
  return Array.from({ length: SAMPLES }, (_, index) => {
    const outer = reach(Math.floor(((index + 0.5) * side) / SAMPLES))
    const first = reach(outer.from).from
    const weights = new Array<number>(reach(outer.to).to - first + 1).fill(0)
    for (let at = outer.from; at <= outer.to; at++) {
      const inner = reach(at)
      const weight = 1 / ((outer.to - outer.from + 1) * (inner.to - inner.from + 1))
      for (let pixel = inner.from; pixel <= inner.to; pixel++) weights[pixel - first]! += weight
    }
    return { first, weights }
  })
}

/** Steps between neighbouring samples, each in whole hundredths of the full range; their sum over 90, at most 100. */
function measureQuality(samples: Float64Array): number {
  const step = (a: number, b: number) => Math.floor((Math.abs(samples[a]! - samples[b]!) * 100) / 255)
  let sum = 0
  for (let at = 0; at < samples.length; at++) {
    if (at + SAMPLES < samples.length) sum += step(at, at + SAMPLES)
    if ((at + 1) % SAMPLES !== 0) sum += step(at, at + 1)
  }
  return Math.min(100, Math.floor(sum / 90))
}

/** DCT · samples · DCTᵀ, the vertical frequency first. */
function transform(samples: Float64Array): Float64Array {
  const coefficients = new Float64Array(FREQUENCIES * FREQUENCIES)
  const line = new Float64Array(SAMPLES)
  for (let i = 0; i < FREQUENCIES; i++) {
    line.fill(0)
    for (let k = 0; k < SAMPLES; k++) {
      const weight = DCT[SAMPLES * i + k]!
      for (let x = 0; x < SAMPLES; x++) line[x]! += weight * samples[SAMPLES * k + x]!
    }
    for (let j = 0; j < FREQUENCIES; j++) {
      let sum = 0
      for (let x = 0; x < SAMPLES; x++) sum += line[x]! * DCT[SAMPLES * j + x]!
      coefficients[FREQUENCIES * i + j] = sum
    }
  }
  return coefficients
}

/** Bit 16·i + j is set where coefficient (i, j) is above the lower median; printed from bit 255 down. */
function toHex(coefficients: Float64Array): string {
  const median = coefficients.toSorted()[coefficients.length / 2 - 1]!
  let hex = ''
  for (let at = coefficients.length - 1; at >= 0; at -= 4) {
    let digit = 0
    for (let bit = 0; bit < 4; bit++) digit = 2 * digit + (coefficients[at - bit]! > median ? 1 : 0)
    hex += digit.toString(16)
  }
  return hex
}
