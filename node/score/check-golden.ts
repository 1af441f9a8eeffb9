import { ShoalError } from '../../protocol/errors.ts'
import { DEFAULT_AUDIT } from '../../protocol/records/campaign.ts'
import type { CropGeometry, Score } from '../components.ts'
import { arithmeticOf } from './device-class.ts'
import type { GoldenPair } from './shoal-file.ts'
import { testPicture } from './test-picture.ts'

/** Texts of golden pairs; the picture of each is `testPicture` of its position. One is longer than most. */
const GOLDEN_TEXTS = [
  'a dog runs through the snow',
  'the flag of Japan, painted on an old wooden wall beside a narrow street, seen from far above in the evening',
  'red balloon',
]

/** Half of what audits allow: two devices that stray to either side still confirm each other. */
const { full, reduced } = DEFAULT_AUDIT.tolerances
const TOLERANCES: Readonly<Record<string, number>> = { fp32: full / 2, fp16: reduced / 2 }
/**
 * Coarser arithmetic is compared within its own class, so that it only has to be the same model: shoal-mini's int8 is
 * up to 0.001 off on the golden pairs and 0.011 on 200 pictures, and a broken quantisation gives any number at all.
 */
const COARSE = 0.05

/** How far similarity and embedding may lie from the golden ones. */
function toleranceOfClass(precision: string): number {
  return TOLERANCES[arithmeticOf(precision)] ?? COARSE
}

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
 * Runs a model's golden pairs and refuses a device that strays: a runtime or a processor that computes something else
 * would fill shards with scores that nobody can confirm.
 *
 * @throws ShoalError `model_golden` that says by how much
 */
export async function checkGolden(
  scorer: GoldenScorer,
  golden: GoldenPair[],
  { width, height }: CropGeometry,
  directory: string,
  precision: string,
): Promise<void> {
  const tolerance = toleranceOfClass(precision)
  const scores = await Promise.all(
    golden.map(({ text }, i) => scorer.score(testPicture(i, width, height), text)),
  )
  for (const [i, { text, similarity, embedding }] of golden.entries()) {
    const score = scores[i] as Score
    const strays = score.embedding.map((value, k) => Math.abs(value - (embedding[k] ?? Number.NaN)))
    const stray = Math.max(Math.abs(score.similarity - similarity), ...strays)
    if (stray <= tolerance && embedding.length === strays.length) continue
    const how = `this device's ${precision} is ${stray.toPrecision(2)} off what fp32 gives (“${text}”); ${tolerance} is allowed`
    throw new ShoalError('model_golden', `${directory}: ${how}. Its scores would not be confirmed by others`)
  }
}
