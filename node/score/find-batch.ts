/** A batch, and how many pairs a second it comes to. */
export interface FoundBatch {
  batch: number
  perSecond: number
}

/** The first batch tried, and where trying begins in earnest. */
const FEW = 4
const LEAST = 16
/** Beyond it a GPU gains nothing, and the pairs that wait for a batch only take memory. */
const MOST = 256
/** Bytes of a batch's pictures as floats; the process holds them once, the device with what it makes of them. */
const MOST_BYTES = 256 * 1024 * 1024
/** What a doubled batch must gain to be worth its memory. */
const GAIN = 1.05
/** A device that takes longer for a few pairs is no GPU: larger batches would only delay it. */
const SLOW_MS = 400
/** And not even once more to have its kernels made. */
const VERY_SLOW_MS = 3_000
const RUNS = 3

/** @returns most pairs of one batch on a GPU, for a picture of this size */
export function mostPairs({ width, height }: { width: number; height: number }): number {
  return Math.max(1, Math.min(MOST, Math.floor(MOST_BYTES / (3 * 4 * width * height))))
}

/**
 * Finds a GPU's batch by trial: doubled while that makes it faster, until there is no more memory.
 *
 * @param embed - embeds so many pairs
 * @param most - pairs of the largest batch
 * @param isOutOfMemory - whether that is what an error says; others are thrown
 * @param now - milliseconds
 */
export async function findBatch(
  embed: (count: number) => Promise<unknown>,
  most: number,
  isOutOfMemory: (error: unknown) => boolean,
  now: () => number = () => performance.now(),
): Promise<FoundBatch> {
  async function time(count: number): Promise<number> {
    const start = now()
    await embed(count)
    return now() - start
  }
  async function measure(batch: number): Promise<FoundBatch> {
    // the first run makes the kernels
    await embed(batch)
    let ms = Number.POSITIVE_INFINITY
    for (let i = 0; i < RUNS && (i === 0 || ms < SLOW_MS); i++) ms = Math.min(ms, await time(batch))
    return { batch, perSecond: (1000 * batch) / ms }
  }
  const few = Math.min(FEW, most)
  const firstMs = await time(few)
  if (firstMs > VERY_SLOW_MS) return { batch: few, perSecond: (1000 * few) / firstMs }
  let best = await measure(few)
  if ((1000 * best.batch) / best.perSecond > SLOW_MS) return best
  for (let batch = LEAST; batch <= most; batch *= 2) {
    const found = await measure(batch).catch((error: unknown) => {
      if (isOutOfMemory(error)) return null
      throw error
    })
    if (found === null || found.perSecond < GAIN * best.perSecond) break
    best = found
  }
  return best
}
