import type * as v from 'valibot'
import { decode, encode } from './codec.ts'
import { ShoalError } from './errors.ts'
import { MAX_INDEX, MAX_MODEL_FILE_BYTES } from './limits.ts'
import { integer, link, map, sha256Hex, validate } from './records/fields.ts'

/** Bytes of a question: the longest there is has some 130. */
const MAX_QUESTION_BYTES = 1024

/** What is asked, by the request protocol; a sync has messages of its own. */
const QUESTIONS = {
  record: map({ campaign: link('dag-cbor'), segment: integer(0, MAX_INDEX) }),
  campaign: map({ campaign: link('dag-cbor') }),
  /** `offset`: how many bytes of the file the asker has */
  file: map({ sha256: sha256Hex, offset: integer(0, MAX_MODEL_FILE_BYTES) }),
}

export type QuestionKind = keyof typeof QUESTIONS
export type Question<Kind extends QuestionKind> = v.InferOutput<(typeof QUESTIONS)[Kind]>

/** The first message of a request. @throws ShoalError `request_field`, `request_unknown_field` */
export function makeQuestion<Kind extends QuestionKind>(kind: Kind, question: Question<Kind>): Uint8Array {
  return encode(validate<unknown>('request', QUESTIONS[kind], question))
}

/**
 * @throws ShoalError `request_oversize`, before anything is decoded; `codec_*`; `request_field`,
 *   `request_unknown_field`
 */
export function readQuestion<Kind extends QuestionKind>(kind: Kind, bytes: Uint8Array): Question<Kind> {
  if (bytes.length > MAX_QUESTION_BYTES)
    throw new ShoalError('request_oversize', `a question of ${bytes.length} bytes`)
  return validate<unknown>('request', QUESTIONS[kind], decode(bytes)) as Question<Kind>
}
