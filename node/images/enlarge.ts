import type { CropGeometry } from '../components.ts'

/** A picture, RGB interleaved. */
interface Picture {
  data: Uint8Array
  width: number
  height: number
}

/** What of the enlarged picture is wanted. */
export interface Part {
  /** of the whole, enlarged */
  fullWidth: number
  fullHeight: number
  left: number
  top: number
  width: number
  height: number
}

type Kernel = CropGeometry['kernel']

/** Source pixels on either side that a pixel is made of, and their weights by distance. */
const KERNELS: Readonly<Record<Kernel, { reach: number; weigh: (x: number) => number }>> = {
  nearest: { reach: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  linear: { reach: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys, "Cubic convolution interpolation", 1981, with a = -0.5
  cubic: { reach: 2, weigh: (x) => cubic(Math.abs(x)) },
  lanczos3: { reach: 3, weigh: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
}

/**
 * Make a part of a picture that is as large or larger in both directions, as Pillow does: the middles of pixels meet,
 * at the edge the kernel is cut off and what is left of it counts for more, across before down, in 8 bits between.
 * libvips places what it enlarges up to half a pixel beside that.
 */
export function enlarge({ data, width, height }: Picture, part: Part, kernel: Kernel): Uint8Array {
  const across = weighAll(width, part.fullWidth, part.left, part.width, kernel)
  const down = weighAll(height, part.fullHeight, part.top, part.height, kernel)
  const first = down[0]!.first
  const last = down.at(-1)!.first + down.at(-1)!.weights.length
  const rows = new Uint8ClampedArray(3 * part.width * (last - first))
  for (let y = first, at = 0; y < last; y++)
    for (const { first: from, weights } of across) {
      const start = 3 * (y * width + from)
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0
        for (let i = 0; i < weights.length; i++) sum += data[start + 3 * i + channel]! * weights[i]!
        rows[at++] = sum
      }
    }
  const line = 3 * part.width
  const result = new Uint8ClampedArray(line * part.height)
  for (const [y, { first: from, weights }] of down.entries())
    for (let x = 0; x < line; x++) {
      let sum = 0
      for (let i = 0; i < weights.length; i++) sum += rows[(from - first + i) * line + x]! * weights[i]!
      result[y * line + x] = sum
    }
  return new Uint8Array(result.buffer)
}

/** For each wanted pixel of a line the first of those that it is made of, and their weights, which sum to 1. */
function weighAll(size: number, full: number, start: number, count: number, kernel: Kernel) {
  const { reach, weigh } = KERNELS[kernel]
  return Array.from({ length: count }, (_, i) => {
    const middle = ((start + i + 0.5) * size) / full
    const first = Math.max(0, Math.trunc(middle - reach + 0.5))
    const end = Math.min(size, Math.trunc(middle + reach + 0.5))
    const weights = Float64Array.from({ length: end - first }, (_, k) => weigh(first + k - middle + 0.5))
    const sum = weights.reduce((total, weight) => total + weight, 0)
    return { first, weights: weights.map((weight) => weight / sum) }
  })
}

function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}
