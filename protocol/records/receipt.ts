import * as v from 'valibot'
import { decode, encode, equalBytes } from '../codec.ts'
import { type Opened, type Sealed, type Signer, seal } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import { MAX_CAMPAIGNS_ASKED, MAX_SUBJECTS_ASKED } from '../limits.ts'
import { ANSWER_MS } from '../timing.ts'
import { integer, key, link, list, map, sha256Bytes, validate } from './fields.ts'
import { ORIGIN_PROOFS, REASONS, SUBJECTS } from './removal.ts'

/** How somebody showed to be in charge of what is to be removed; `none` hides it for a while, and people decide. */
export const PROOFS = [...ORIGIN_PROOFS, 'none'] as const
export type Proof = (typeof PROOFS)[number]

const NAME = /^[a-z2-7]{26}$/

/** Whether it can be the name of a request. */
export function isName(text: string): boolean {
  return NAME.test(text)
}

const ReceiptSchema = v.pipe(
  map({
    /** the request's name, drawn at random: 128 bits in base32 (RFC 4648), lower case, without padding */
    request: v.pipe(v.string(), v.regex(NAME)),
    /** what is to be removed, as removals name it */
    subjects: list(
      map({
        kind: v.picklist(SUBJECTS),
        hash: sha256Bytes,
        proof: v.picklist(PROOFS),
        /** campaigns, and in each the removal that hides it; of an origin none as long as nothing is proven */
        removals: list(
          map({ campaign: link('dag-cbor'), removal: link('dag-cbor') }),
          { max: MAX_CAMPAIGNS_ASKED },
          ({ campaign }) => campaign.toString(),
        ),
      }),
      { min: 1, max: MAX_SUBJECTS_ASKED },
      ({ kind, hash }) => `${kind} ${hash.join()}`,
    ),
    reason: v.picklist(REASONS),
    /** when it was asked for */
    received: integer(0),
    /** when people will have decided */
    deadline: integer(0),
    /** when this was signed: of several receipts of a request the latest counts */
    issued: integer(0),
    /** who took the request, whose signature the envelope bears */
    source: key,
  }),
  v.check(
    ({ received, deadline }) => received < deadline && deadline - received <= ANSWER_MS,
    'the deadline is within a month of the request',
  ),
  v.check(({ received, issued }) => received <= issued, 'it was signed before the request'),
)

/** A node's signed word that somebody has asked for something to be removed. Times are milliseconds since 1970. */
export type Receipt = v.InferOutput<typeof ReceiptSchema>

/** @throws ShoalError `receipt_field`, `receipt_unknown_field` */
export function makeReceipt(fields: Omit<Receipt, 'source'>, signer: Signer): Promise<Sealed> {
  const receipt = validate('receipt', ReceiptSchema, { ...fields, source: signer.publicKey })
  return seal('receipt', encode(receipt), signer)
}

/**
 * @throws ShoalError `codec_*` for the body; `receipt_kind` for another record; `receipt_field`,
 *   `receipt_unknown_field`; `receipt_key` where another key than the source's signed
 */
export function decodeReceipt(record: Opened): Receipt {
  if (record.kind !== 'receipt')
    throw new ShoalError('receipt_kind', `${record.id} is a ${record.kind}, not a receipt`)
  const receipt = validate('receipt', ReceiptSchema, decode(record.body))
  if (!equalBytes(receipt.source, record.key))
    throw new ShoalError(
      'receipt_key',
      `receipt ${record.id} names another source than the one who signed it`,
    )
  return receipt
}

/** What a removal that was asked for has as its basis, so that every node can tell what became of a request. */
export function basisOf(proof: Proof | 'confirmed', request: string): string {
  return `${proof}: request ${request}`
}

/** @returns null where a removal has another basis than a request */
export function readBasis(basis: string): { proof: Proof | 'confirmed'; request: string } | null {
  const [, proof = '', request = ''] = /^([a-z-]+): request ([a-z2-7]{26})$/.exec(basis) ?? []
  const known = ([...PROOFS, 'confirmed'] as const).find((one) => one === proof)
  return known === undefined ? null : { proof: known, request }
}
