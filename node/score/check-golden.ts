import { ShoalError } from '../../protocol/errors.ts'
import type { CropGeometry, Score } from '../components.ts'
import type { GoldenPair } from './shoal-file.ts'
import { testPicture } from './test-picture.ts'

/**
 * How far a device's numbers may lie from the golden ones, by precision. Others than these are compared within their
 * own class only, so that nothing can be said at this point.
 */
const TOLERANCES: Readonly<Record<string, number>> = { fp32: 1e-3, fp16: 5e-3 }

/**
 * Runs a model's golden pairs and refuses a device that strays: a runtime or a processor that computes something else
 * would fill shards with scores that nobody can confirm.
 *
 * @throws ShoalError `model_golden` that says by how much
 */
export async function checkGolden(
  scorer: { score(crop: Uint8Array, text: string): Promise<Score> },
  golden: GoldenPair[],
  geometry: CropGeometry,
  directory: string,
  precision: string,
): Promise<void> {
  const tolerance = TOLERANCES[precision]
  if (tolerance === undefined) return
  const scores = await Promise.all(
    golden.map(({ text }, i) => scorer.score(testPicture(i, geometry.width, geometry.height), text)),
  )
  for (const [i, { text, similarity, embedding }] of golden.entries()) {
    const score = scores[i] as Score
    const strays = score.embedding.map((value, k) => Math.abs(value - (embedding[k] ?? Number.NaN)))
    const stray = Math.max(Math.abs(score.similarity - similarity), ...strays)
    if (stray <= tolerance && embedding.length === strays.length) continue
    const how = `this device is ${stray.toPrecision(2)} off the golden scores (“${text}”); ${tolerance} is allowed`
    throw new ShoalError('model_golden', `${directory}: ${how}. Its scores would not be confirmed by others`)
  }
}
