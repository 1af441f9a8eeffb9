import * as v from 'valibot'
import { decode, encode, equalBytes } from '../codec.ts'
import { type Opened, type Sealed, type Signer, seal } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import { MAX_INDEX } from '../limits.ts'
import { MAX_HOLD_MS } from '../timing.ts'
import { integer, key, link, map, validate } from './fields.ts'

const ClaimSchema = v.pipe(
  map({
    /** id of the campaign's record */
    campaign: link('dag-cbor'),
    segment: integer(0, MAX_INDEX),
    /** the claimant, whose signature the envelope bears */
    peer: key,
    /** grows with each of the claimant's claims on this segment: the highest replaces all others */
    seq: integer(0),
    /** when the lease began: a renewal keeps it, so that the newest claim alone tells who came first */
    issued: integer(0),
    /** when the lease ends; `issued` itself where the claimant gives the segment up */
    expires: integer(0),
  }),
  v.check(({ issued, expires }) => issued <= expires, 'it ends before it begins'),
  v.check(
    ({ issued, expires }) => expires - issued <= MAX_HOLD_MS,
    'it holds longer than any lease may: begin a new one',
  ),
)

/** A peer's signed, expiring lease on a segment. Times are milliseconds since 1970. */
export type Claim = v.InferOutput<typeof ClaimSchema>

/** @throws ShoalError `claim_field`, `claim_unknown_field` */
export function makeClaim(fields: Omit<Claim, 'peer'>, signer: Signer): Promise<Sealed> {
  const claim = validate('claim', ClaimSchema, { ...fields, peer: signer.publicKey })
  return seal('claim', encode(claim), signer)
}

/**
 * @throws ShoalError `codec_*` for the body; `claim_kind` for another record; `claim_field`,
 *   `claim_unknown_field`; `claim_key` where another key than the claimant's signed
 */
export function decodeClaim(record: Opened): Claim {
  if (record.kind !== 'claim')
    throw new ShoalError('claim_kind', `${record.id} is a ${record.kind}, not a claim`)
  const claim = validate('claim', ClaimSchema, decode(record.body))
  if (!equalBytes(claim.peer, record.key)) {
    throw new ShoalError('claim_key', `claim ${record.id} names another claimant than the one who signed it`)
  }
  return claim
}

/** Whether the claimant gives the segment up with it. */
export function isRelease({ issued, expires }: Pick<Claim, 'issued' | 'expires'>): boolean {
  return issued === expires
}
