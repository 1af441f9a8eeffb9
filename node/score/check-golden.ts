import { ShoalError } from '../../protocol/errors.ts'
import type { CropGeometry, Score } from '../components.ts'
import { toleranceOfClass } from './device-class.ts'
import { measureGolden } from './measure-golden.ts'
import type { GoldenPair } from './shoal-file.ts'
import { testPicture } from './test-picture.ts'

/** Texts of golden pairs; the picture of each is `testPicture` of its position. One is longer than most. */
const GOLDEN_TEXTS = [
  'a dog runs through the snow',
  'the flag of Japan, painted on an old wooden wall beside a narrow street, seen from far above in the evening',
  'red balloon',
]

export interface GoldenScorer {
  score(crop: Uint8Array, text: string): Promise<Score>
}

/** What a scorer gives for the golden pairs: to be called with the plain fp32 model on a CPU that is trusted. */
export async function makeGolden(
  scorer: GoldenScorer,
  { width, height }: CropGeometry,
): Promise<GoldenPair[]> {
  const scores = await Promise.all(
    GOLDEN_TEXTS.map((text, i) => scorer.score(testPicture(i, width, height), text)),
  )
  return scores.map((score, i) => ({ text: GOLDEN_TEXTS[i]!, ...score }))
}

/**
 * Runs a model's golden pairs and refuses a device that strays: a runtime, a driver or a processor that computes
 * something else would fill shards with scores that nobody can confirm.
 *
 * @param deviceClass - of the scorer
 * @throws ShoalError `model_golden` that says by how much
 */
export async function checkGolden(
  scorer: GoldenScorer,
  golden: readonly GoldenPair[],
  geometry: CropGeometry,
  directory: string,
  deviceClass: string,
): Promise<void> {
  const tolerance = toleranceOfClass(deviceClass)
  for (const [i, stray] of (await measureGolden(scorer, golden, geometry)).entries()) {
    if (stray <= tolerance) continue
    const how = `this machine's ${deviceClass} is ${stray.toPrecision(2)} off what fp32 gives (“${golden[i]!.text}”); ${tolerance} is allowed`
    throw new ShoalError(
      'model_golden',
      `${directory}: ${how}. Its scores would not be confirmed by others: take another device with --device, or mend its driver`,
    )
  }
}
