import type { CropGeometry, Scorer } from '../components.ts'
import type { GoldenPair } from './shoal-file.ts'
import { testPicture } from './test-picture.ts'

/** How far a scorer is off each golden pair: the largest difference of its similarity or of a number of its embedding. */
export async function measureGolden(
  scorer: Pick<Scorer, 'score'>,
  golden: readonly GoldenPair[],
  { width, height }: Pick<CropGeometry, 'width' | 'height'>,
): Promise<number[]> {
  const scores = await Promise.all(
    golden.map(({ text }, i) => scorer.score(testPicture(i, width, height), text)),
  )
  return golden.map(({ similarity, embedding }, i) => {
    const score = scores[i]!
    if (score.embedding.length !== embedding.length) return Number.POSITIVE_INFINITY
    const strays = score.embedding.map((value, k) => Math.abs(value - embedding[k]!))
    return Math.max(Math.abs(score.similarity - similarity), ...strays)
  })
}
