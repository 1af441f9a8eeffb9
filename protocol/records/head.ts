import * as v from 'valibot'
import { decode, encode, equalBytes } from '../codec.ts'
import { type Opened, type Sealed, type Signer, seal } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import { compareBytes } from '../rules/select.ts'
import { MAX_HEAD_MS } from '../timing.ts'
import { integer, key, link, map, sha256Bytes, validate } from './fields.ts'

const HeadSchema = v.pipe(
  map({
    /** id of the campaign's record */
    campaign: link('dag-cbor'),
    /** the custodian whose removals these are, whose signature the envelope bears */
    source: key,
    /** how many removals of the campaign it has signed: those it speaks of have a lower `seq` */
    seq: integer(0),
    /** id of the last of them, null where there is none */
    last: v.nullable(link('dag-cbor')),
    /** of those of them that were in force at `thisUpdate`, see `rootOf` in protocol/rules/remove.ts */
    root: v.nullable(sha256Bytes),
    /** when it was signed, and by when there will be another */
    thisUpdate: integer(0),
    nextUpdate: integer(0),
  }),
  v.check(({ seq, last }) => (seq === 0) === (last === null), 'last is null where seq is 0, and only there'),
  v.check(({ seq, root }) => seq > 0 || root === null, 'where nothing is removed the root is null'),
  v.check(
    ({ thisUpdate, nextUpdate }) => thisUpdate < nextUpdate && nextUpdate <= thisUpdate + MAX_HEAD_MS,
    'it ends before it begins, or more than a day later',
  ),
)

/**
 * A custodian's word on which removals of a campaign it has signed, so that whoever lacks some can tell. Times are
 * milliseconds since 1970.
 */
export type Head = v.InferOutput<typeof HeadSchema>

/** @throws ShoalError `head_field`, `head_unknown_field` */
export function makeHead(fields: Omit<Head, 'source'>, signer: Signer): Promise<Sealed> {
  const head = validate('head', HeadSchema, { ...fields, source: signer.publicKey })
  return seal('head', encode(head), signer)
}

/**
 * @throws ShoalError `codec_*` for the body; `head_kind` for another record; `head_field`, `head_unknown_field`;
 *   `head_key` where another key than the source's signed
 */
export function decodeHead(record: Opened): Head {
  if (record.kind !== 'head')
    throw new ShoalError('head_kind', `${record.id} is a ${record.kind}, not a head of removals`)
  const head = validate('head', HeadSchema, decode(record.body))
  if (!equalBytes(head.source, record.key))
    throw new ShoalError('head_key', `head ${record.id} names another source than the one who signed it`)
  return head
}

/** Of two heads of one source the one that was signed later counts. @returns below 0 where `a` does */
export function compareHeads(
  a: Pick<Head, 'seq' | 'thisUpdate'> & { id: { bytes: Uint8Array } },
  b: Pick<Head, 'seq' | 'thisUpdate'> & { id: { bytes: Uint8Array } },
): number {
  return b.thisUpdate - a.thisUpdate || b.seq - a.seq || compareBytes(a.id.bytes, b.id.bytes)
}
