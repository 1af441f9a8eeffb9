/** Chance from a seed: a stream of numbers, and numbers that belong to an occasion, whenever it is asked for. */

/** @returns numbers in [0, 1), the same for the same seed (mulberry32) */
export function startStream(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let h = Math.imul(state ^ (state >>> 15), 1 | state)
    h = (h + Math.imul(h ^ (h >>> 7), 61 | h)) ^ h
    return ((h ^ (h >>> 14)) >>> 0) / 2 ** 32
  }
}

/** @returns a number in [0, 1) that belongs to these three */
export function chanceOf(seed: number, a: number, b: number): number {
  return (scramble(scramble(scramble(seed) ^ a) ^ b) >>> 0) / 2 ** 32
}

function scramble(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
  return (h ^ (h >>> 15)) + 0x9e3779b9
}

/** @returns a number with this median; its logarithm is normally distributed (Box and Muller) */
export function lognormal(random: () => number, median: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return median * Math.exp(sigma * normal)
}
