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
 * Turns RGB bytes into the model's planes: `[3, height, width]` of floats. Four pixels are read at a time, as three
 * little-endian words: it takes half the time of byte by byte, and this loop is what scoring adds to the model's work.
 *
 * @param tables - of red, green and blue
 * @param rgb - interleaved, `3 * pixels` bytes
 * @param at - where the picture begins in `planes`
 */
export function fillPlanes(tables: Float32Array[], rgb: Uint8Array, planes: Float32Array, at: number): void {
  const [reds, greens, blues] = tables as [Float32Array, Float32Array, Float32Array]
  const pixels = rgb.length / 3
  const quads = rgb.byteOffset % 4 === 0 ? pixels >> 2 : 0
  const words = new Uint32Array(rgb.buffer, quads === 0 ? 0 : rgb.byteOffset, quads * 3)
  let red = at
  let green = at + pixels
  let blue = green + pixels
  for (let i = 0; i < quads * 3; i += 3, red += 4, green += 4, blue += 4) {
    const rgbr = words[i]!
    const gbrg = words[i + 1]!
    const brgb = words[i + 2]!
    planes[red] = reds[rgbr & 255]!
    planes[red + 1] = reds[rgbr >>> 24]!
    planes[red + 2] = reds[(gbrg >>> 16) & 255]!
    planes[red + 3] = reds[(brgb >>> 8) & 255]!
    planes[green] = greens[(rgbr >>> 8) & 255]!
    planes[green + 1] = greens[gbrg & 255]!
    planes[green + 2] = greens[gbrg >>> 24]!
    planes[green + 3] = greens[(brgb >>> 16) & 255]!
    planes[blue] = blues[(rgbr >>> 16) & 255]!
    planes[blue + 1] = blues[(gbrg >>> 8) & 255]!
    planes[blue + 2] = blues[brgb & 255]!
    planes[blue + 3] = blues[brgb >>> 24]!
  }
  for (let i = quads * 12; i < rgb.length; i += 3) {
    planes[red++] = reds[rgb[i]!]!
    planes[green++] = greens[rgb[i + 1]!]!
    planes[blue++] = blues[rgb[i + 2]!]!
  }
}
