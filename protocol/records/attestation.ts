import * as v from 'valibot'
import { decode, encode, equalBytes } from '../codec.ts'
import { type Opened, type Sealed, type Signer, seal } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import { MAX_ATTESTED, MAX_SCANNED_LISTS } from '../limits.ts'
import { compareBytes } from '../rules/select.ts'
import { fileLink, integer, key, link, list, map, sha256Bytes, validate } from './fields.ts'

/** By what a row can be looked up in a list: its address, its host, a hash of its file, or one of what is to be seen. */
export const SCANNED_BY = ['url', 'host', 'md5', 'sha256', 'pdq'] as const

const ScannedList = map({
  kind: v.picklist(SCANNED_BY),
  /** sha256 of its entries in lower-case hex, ascending, each ended by LF: what `sort -u | sha256sum` prints */
  digest: sha256Bytes,
  entries: integer(1),
  /** rows that could be looked up in it: not every picture has a PDQ */
  rows: integer(0),
})

const AttestationSchema = v.pipe(
  map({
    /** id of the campaign's record */
    campaign: link('dag-cbor'),
    /** each `pairs.parquet` that was scanned, as a whole: a shard's own, or what a release has left of it; they ascend */
    files: v.pipe(
      list(fileLink, { min: 1, max: MAX_ATTESTED }, String),
      v.check(
        (files) => files.every((cid, i) => i === 0 || compareBytes(files[i - 1]!.bytes, cid.bytes) < 0),
        'its files must ascend',
      ),
    ),
    lists: list(
      ScannedList,
      { min: 1, max: MAX_SCANNED_LISTS },
      ({ kind, digest }) => `${kind} ${digest.join()}`,
    ),
    /** pairs in these files */
    rows: integer(0),
    /** how many of them are on a list; never which */
    matched: integer(0),
    /** the last removal of the source's, with which all that matched is removed; null where nothing matched */
    removal: v.nullable(link('dag-cbor')),
    /** when the scan began, milliseconds since 1970 */
    scannedAt: integer(0),
    /** who scanned, whose signature the envelope bears */
    source: key,
  }),
  v.check(({ rows, matched }) => matched <= rows, 'more rows match than there are'),
  v.check(
    ({ rows, lists }) => lists.every((one) => one.rows <= rows),
    'more rows were looked up than there are',
  ),
  v.check(
    ({ matched, removal }) => matched > 0 === (removal !== null),
    'it names a removal where something matched, and only there',
  ),
)

/**
 * A custodian's signed word that the pictures of some shards were looked up in lists of what must not be published. The
 * lists stay where they are: what is told is their digests, and how many rows matched. It proves no more than who said so.
 */
export type Attestation = v.InferOutput<typeof AttestationSchema>

/** @throws ShoalError `attestation_field`, `attestation_unknown_field` */
export function makeAttestation(fields: Omit<Attestation, 'source'>, signer: Signer): Promise<Sealed> {
  const attestation = validate('attestation', AttestationSchema, { ...fields, source: signer.publicKey })
  return seal('attestation', encode(attestation), signer)
}

/**
 * @throws ShoalError `codec_*` for the body; `attestation_kind` for another record; `attestation_field`,
 *   `attestation_unknown_field`; `attestation_key` where another key than the source's signed
 */
export function decodeAttestation(record: Opened): Attestation {
  if (record.kind !== 'attestation')
    throw new ShoalError('attestation_kind', `${record.id} is a ${record.kind}, not an attestation`)
  const attestation = validate('attestation', AttestationSchema, decode(record.body))
  if (!equalBytes(attestation.source, record.key)) {
    throw new ShoalError(
      'attestation_key',
      `attestation ${record.id} names another source than the one who signed it`,
    )
  }
  return attestation
}
