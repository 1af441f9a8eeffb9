import type { Verdict } from '../../protocol/records/verdict.ts'

/** Bits for as many rows as a verdict can have looked at: three frames of MAX_SAMPLES. */
const BITS = 15
const MASK = (1 << BITS) - 1
const RULINGS = ['good', 'unclear', 'forged'] as const satisfies readonly Verdict['ruling'][]

export interface Result {
  ruling: Verdict['ruling']
  /** looked at, in all frames */
  rows: number
  unverifiable: number
}

/** What a verdict says in all, in a word of 32 bits. */
export function packResult({
  ruling,
  sampled,
  unverifiable,
}: Pick<Verdict, 'ruling' | 'sampled' | 'unverifiable'>) {
  const rows = sampled.kept + sampled.dropped + sampled.source
  return ((RULINGS.indexOf(ruling) << (2 * BITS)) | (unverifiable << BITS) | rows) >>> 0
}

export function unpackResult(word: number): Result {
  return {
    ruling: RULINGS[word >>> (2 * BITS)]!,
    rows: word & MASK,
    unverifiable: (word >>> BITS) & MASK,
  }
}
