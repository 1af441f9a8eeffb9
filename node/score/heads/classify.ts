import type { ClassifierHead } from '../../../protocol/records/safety.ts'
import type { Tag } from '../../../protocol/rules/tags.ts'

/** Probabilities of the tags that a classifier reads, in the order of its `reads`. */
export type TagProbabilities = [tag: Tag, probability: number][]

/**
 * @param outputs - a number for each of the head's classes, as its graph gives them
 * @returns null where they are no numbers that make probabilities
 */
export function readClasses(
  { activation, classes, reads }: Pick<ClassifierHead, 'activation' | 'classes' | 'reads'>,
  outputs: Float32Array,
): TagProbabilities | null {
  const probabilities = activate(activation, outputs)
  if (!probabilities.every((one) => one >= 0 && one <= MOST)) return null
  return reads.map(({ tag, classes: read }) => {
    const sum = read.reduce((sum, name) => sum + probabilities[classes.indexOf(name)]!, 0)
    return [tag, Math.min(1, sum)]
  })
}
/** What float32 makes of a 1. */
const MOST = 1 + 1e-3

function activate(activation: ClassifierHead['activation'], outputs: Float32Array): Float64Array {
  const values = Float64Array.from(outputs)
  if (activation === 'none') return values
  if (activation === 'sigmoid') return values.map(logistic)
  const most = values.reduce((a, b) => Math.max(a, b))
  const powers = values.map((value) => Math.exp(value - most))
  const sum = powers.reduce((a, b) => a + b)
  return powers.map((power) => power / sum)
}

export function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value))
}
