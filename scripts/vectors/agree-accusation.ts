import type { Agreement } from '../../protocol/rules/agree.ts'
import type { Accusation } from '../../protocol/rules/agree-on-accusation.ts'

const MATCH: Agreement = { finding: 'match', code: null }
const ALIKE: Agreement = { finding: 'alike', code: null }
const FORGED: Agreement = { finding: 'forged', code: 'row_score' }
const GONE: Agreement = { finding: 'unverifiable', code: 'image_gone' }
const scored = (similarity: number | null, device = 'cuda/fp16', code = 'row_score'): Accusation => ({
  code,
  similarity,
  device,
})

/** The shard says 0.3125, made on fp32; whoever looks again has fp32 as well. */
export function accusationCases(): unknown[] {
  return [
    holds('it is forged', scored(0.35), FORGED, 0.35, true),
    holds('it is forged in another way', scored(0.5, 'cpu/fp32', 'row_text'), FORGED, 0.35, true),
    holds('the image is gone by now', scored(0.35), GONE, null, null),
    holds('the text is as the row says', scored(null, 'cuda/fp16', 'row_text'), MATCH, 0.3125, false),
    holds('the same class, and it matches', scored(0.35, 'cpu/fp32'), MATCH, 0.3125, false),
    holds('the same class, and it nearly does', scored(0.35, 'cpu/fp32'), ALIKE, 0.3134, null),
    holds('another class: the accuser can not have seen that', scored(0.35), MATCH, 0.3125, false),
    holds(
      'another class: the accuser may have seen that, and it proves nothing',
      scored(0.3145),
      MATCH,
      0.3125,
      false,
    ),
    holds('another class: it may have seen that, and that is enough', scored(0.318), MATCH, 0.3134, true),
    holds('another class, an accusation without a score', scored(null), MATCH, 0.3125, null),
    holds('another class, the embedding', scored(0.3125, 'cuda/fp16', 'row_embedding'), MATCH, 0.3125, null),
    holds(
      'another class, the threshold, by a score nobody sees',
      scored(0.2, 'cuda/fp16', 'row_threshold'),
      MATCH,
      0.3125,
      false,
    ),
    holds('another class, the threshold', scored(0.3145, 'cuda/fp16', 'row_threshold'), MATCH, 0.3125, null),
    holds('int8 says nothing to others', scored(0.9, 'cpu/int8'), MATCH, 0.3125, null),
  ]
}

function holds(
  comment: string,
  accusation: Accusation,
  own: Agreement,
  score: number | null,
  holds: boolean | null,
) {
  const terms = {
    said: 0.3125,
    score,
    tolerances: { full: 0.001, reduced: 0.005, reencoded: 0.02 },
    producerDevice: 'cpu/fp32',
    verifierDevice: 'cpu/fp32',
  }
  return { comment: `accusation: ${comment}`, accusation, own, terms, holds }
}
