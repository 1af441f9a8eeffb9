import * as v from 'valibot'
import { decode, encode, equalBytes } from '../codec.ts'
import { type Opened, type Sealed, type Signer, seal } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import { MAX_LABEL_BYTES } from '../limits.ts'
import { integer, key, line, link, map, sha256Bytes, validate } from './fields.ts'

/** What a removal can take out; what is hashed of each is in protocol/rules/remove.ts. */
export const SUBJECTS = ['pair', 'url', 'origin', 'image'] as const
/** Why. Removals for `safety` are never listed one by one: such a list would be an index of what nobody should find. */
export const REASONS = ['consent', 'rights', 'privacy', 'safety', 'quality'] as const

/**
 * How somebody proved to be in charge of a host. Removals of `origin` by others than custodians have a basis that begins
 * with one of these words and a colon, `dns: …`.
 */
export const ORIGIN_PROOFS = ['dns', 'well-known', 'recheck'] as const

const RemovalSchema = v.pipe(
  map({
    /** id of the campaign's record: a removal is of one campaign */
    campaign: link('dag-cbor'),
    /** who says so, whose signature the envelope bears */
    source: key,
    /** place among the source's removals of this campaign, from 0: two of the same place prove a fork */
    seq: integer(0),
    /** id of the source's removal of this campaign before this one, null for the first */
    previous: v.nullable(link('dag-cbor')),
    subject: map({
      kind: v.picklist(SUBJECTS),
      hash: sha256Bytes,
    }),
    reason: v.picklist(REASONS),
    /** for people: by what right, or who asked, such as a law's article or a ticket's number */
    basis: line(MAX_LABEL_BYTES),
    /** id of an earlier removal of the same source that is taken back, or null */
    negates: v.nullable(link('dag-cbor')),
    issued: integer(0),
    /** when it is over; null: never */
    expires: v.nullable(integer(0)),
  }),
  v.check(
    ({ seq, previous }) => (seq === 0) === (previous === null),
    'seq is 0 where previous is null, and only there',
  ),
  v.check(
    ({ issued, expires }) => expires === null || issued < expires,
    'it ends before it begins, or as it does',
  ),
  v.check(({ seq, negates }) => negates === null || seq > 0, 'the first of a source can take nothing back'),
  v.check(({ negates, expires }) => negates === null || expires === null, 'what takes back never ends'),
)

/** A signed notice that takes pairs out of every release made or read with it. Times are milliseconds since 1970. */
export type Removal = v.InferOutput<typeof RemovalSchema>

/** @throws ShoalError `removal_field`, `removal_unknown_field` */
export function makeRemoval(fields: Omit<Removal, 'source'>, signer: Signer): Promise<Sealed> {
  const removal = validate('removal', RemovalSchema, { ...fields, source: signer.publicKey })
  return seal('removal', encode(removal), signer)
}

/**
 * @throws ShoalError `codec_*` for the body; `removal_kind` for another record; `removal_field`,
 *   `removal_unknown_field`; `removal_key` where another key than the source's signed
 */
export function decodeRemoval(record: Opened): Removal {
  if (record.kind !== 'removal')
    throw new ShoalError('removal_kind', `${record.id} is a ${record.kind}, not a removal`)
  const removal = validate('removal', RemovalSchema, decode(record.body))
  if (!equalBytes(removal.source, record.key)) {
    throw new ShoalError(
      'removal_key',
      `removal ${record.id} names another source than the one who signed it`,
    )
  }
  return removal
}
