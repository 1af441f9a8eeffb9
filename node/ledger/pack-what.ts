import { REASONS, type Removal, SUBJECTS } from '../../protocol/records/removal.ts'

const KIND_BITS = 2
const REASON_BITS = 3
const TAKES_BACK = 1 << (KIND_BITS + REASON_BITS)

export interface What {
  kind: Removal['subject']['kind']
  reason: Removal['reason']
  takesBack: boolean
}

/** What a removal removes and why, in a word of 32 bits. */
export function packWhat({
  subject,
  reason,
  negates,
}: Pick<Removal, 'subject' | 'reason' | 'negates'>): number {
  return (
    SUBJECTS.indexOf(subject.kind) |
    (REASONS.indexOf(reason) << KIND_BITS) |
    (negates === null ? 0 : TAKES_BACK)
  )
}

export function unpackWhat(word: number): What {
  return {
    kind: SUBJECTS[word & ((1 << KIND_BITS) - 1)]!,
    reason: REASONS[(word >>> KIND_BITS) & ((1 << REASON_BITS) - 1)]!,
    takesBack: (word & TAKES_BACK) !== 0,
  }
}
