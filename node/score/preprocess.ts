import type { Levels } from './model-config.ts'

/**
 * The 256 values of each channel, computed once with float32's rounding at each step as the reference does it:
 * rescale, subtract the mean, divide by the deviation.
 */
export function tabulateLevels({ rescale, mean, std }: Levels): Float32Array[] {
  return mean.map((m, channel) =>
    Float32Array.from({ length: 256 }, (_, byte) => {
      const scaled = Math.fround(byte * Math.fround(rescale))
      return Math.fround(Math.fround(scaled - Math.fround(m)) / Math.fround(std[channel] as number))
    }),
  )
}

/**
 * Turns RGB bytes into the model's planes: `[3, height, width]` of floats.
 *
 * @param rgb - interleaved, `3 * pixels` bytes
 * @param offset - where the picture begins in `planes`
 */
export function fillPlanes(
  tables: Float32Array[],
  rgb: Uint8Array,
  planes: Float32Array,
  offset: number,
): void {
  const pixels = rgb.length / 3
  for (let channel = 0; channel < 3; channel++) {
    const table = tables[channel] as Float32Array
    const start = offset + channel * pixels
    const end = start + pixels
    let from = channel
    let to = start
    // four pixels a turn: a quarter less time than one, and this loop is what scoring adds to the model's own work
    for (; to + 3 < end; to += 4, from += 12) {
      planes[to] = table[rgb[from] as number] as number
      planes[to + 1] = table[rgb[from + 3] as number] as number
      planes[to + 2] = table[rgb[from + 6] as number] as number
      planes[to + 3] = table[rgb[from + 9] as number] as number
    }
    for (; to < end; to++, from += 3) planes[to] = table[rgb[from] as number] as number
  }
}
