/** A picture's score, and whether somebody said that it shows the thing. */
export interface Labelled {
  score: number
  isPositive: boolean
}

/** A threshold, and how well it does on pictures that it was not chosen by. */
export interface Chosen {
  /** null where there are too few pictures, or no threshold does well enough */
  threshold: number | null
  positives: number
  negatives: number
  /** null where there are too few pictures */
  precision: number | null
  recall: number | null
}

/** Pictures with and without the thing below which nothing can be said. */
const LEAST_PICTURES = 10
/** Parts of the pictures, of which each is judged by a threshold that the others chose: tenths would hold too few. */
const FOLDS = 5
/** Of what is tagged, how much must be right, and of what should be, how much must be found. */
const LEAST_PRECISION = 0.5
const LEAST_RECALL = 0.5
/**
 * By how much more of the pictures with the thing must be tagged than of those without it: where half of the pictures show
 * it, whoever tags all of them is right half of the time. It is Youden's J (Cancer 3, 1950).
 */
const LEAST_INFORMED = 0.5
/** Digits of a threshold: finer than devices differ. */
const STEPS = 1e4

/**
 * The threshold with the best F1 (the harmonic mean of precision and recall), if it does well enough by cross-validation:
 * judged by the very pictures that chose it, any threshold would look better than it is.
 */
export function chooseThreshold(pictures: readonly Labelled[]): Chosen {
  const positives = pictures.filter(({ isPositive }) => isPositive)
  const negatives = pictures.filter(({ isPositive }) => !isPositive)
  const counts = { positives: positives.length, negatives: negatives.length }
  if (Math.min(counts.positives, counts.negatives) < LEAST_PICTURES)
    return { threshold: null, ...counts, precision: null, recall: null }
  const { precision, recall, falseAlarms } = crossValidate([positives, negatives])
  const isInformed = recall - falseAlarms >= LEAST_INFORMED
  const isGood = precision >= LEAST_PRECISION && recall >= LEAST_RECALL && isInformed
  const threshold = isGood ? Math.round(bestThreshold(pictures) * STEPS) / STEPS : null
  return { threshold, ...counts, precision, recall }
}

function crossValidate(kinds: readonly (readonly Labelled[])[]) {
  let [right, wrong, missed, passed] = [0, 0, 0, 0]
  for (let fold = 0; fold < FOLDS; fold++) {
    const choosing = kinds.flatMap((kind) => kind.filter((_, i) => i % FOLDS !== fold))
    const threshold = bestThreshold(choosing)
    for (const kind of kinds)
      for (const { score, isPositive } of kind.filter((_, i) => i % FOLDS === fold)) {
        if (score >= threshold) isPositive ? right++ : wrong++
        else isPositive ? missed++ : passed++
      }
  }
  const share = (part: number, rest: number) => (part + rest === 0 ? 0 : part / (part + rest))
  return { precision: share(right, wrong), recall: share(right, missed), falseAlarms: share(wrong, passed) }
}

/** Half-way between the last score that it lets pass and the next one below. */
function bestThreshold(pictures: readonly Labelled[]): number {
  const sorted = [...pictures].sort((a, b) => b.score - a.score)
  const positives = sorted.filter(({ isPositive }) => isPositive).length
  let best = { f1: -1, threshold: Number.POSITIVE_INFINITY }
  let right = 0
  for (const [i, { score, isPositive }] of sorted.entries()) {
    if (isPositive) right++
    const next = sorted[i + 1]?.score
    if (next === score) continue
    const f1 = (2 * right) / (i + 1 + positives)
    if (f1 > best.f1) best = { f1, threshold: next === undefined ? score : (score + next) / 2 }
  }
  return best.threshold
}
