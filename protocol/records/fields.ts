import { CID } from 'multiformats/cid'
import * as v from 'valibot'
import { CODECS, SHA2_256 } from '../codec.ts'
import { ShoalError } from '../errors.ts'
import { HASH_BYTES, KEY_BYTES } from '../limits.ts'

/** What the records' schemas are made of: every field has an exact type and a hard limit. */

/** A map with exactly these fields. */
export function map<const Fields extends v.ObjectEntries>(fields: Fields) {
  // valibot takes an array or bytes for an object without fields
  return v.pipe(v.custom<Record<string, unknown>>(isMap, 'it must be a map'), v.strictObject(fields))
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** A list without repetitions; `by` says what of an entry must differ. */
export function list<Item extends v.GenericSchema>(
  item: Item,
  { min = 0, max }: { min?: number; max: number },
  by: (entry: v.InferOutput<Item>) => unknown = (entry) => entry,
) {
  return v.pipe(
    v.array(item),
    v.minLength(min),
    v.maxLength(max),
    v.check(
      (entries: v.InferOutput<Item>[]) => new Set(entries.map(by)).size === entries.length,
      'its entries must differ',
    ),
  )
}

/** One line for people's eyes: nothing in it may move a terminal's cursor or turn its direction. */
export function line(maxBytes: number) {
  return v.pipe(
    v.string(),
    v.nonEmpty(),
    v.maxBytes(maxBytes),
    v.check((text) => !UNPRINTABLE.test(text), 'it must be one line without control characters'),
  )
}
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u

export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  return v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max))
}

export function real(min: number, max: number) {
  return v.pipe(v.number(), v.finite(), v.minValue(min), v.maxValue(max))
}

/** A raw Ed25519 public key. */
export const key = v.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.length === KEY_BYTES,
  `it must be an Ed25519 key of ${KEY_BYTES} bytes`,
)

/** A sha256 as bytes. */
export const sha256Bytes = v.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.length === HASH_BYTES,
  `it must be a sha256 of ${HASH_BYTES} bytes`,
)

/** Lower-case hex. */
export const sha256Hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))

/** A CIDv1 with a whole sha2-256: other hashes, and short ones, can be forged or are not everywhere. */
export function link(...codecs: (keyof typeof CODECS)[]) {
  const codes: number[] = codecs.map((codec) => CODECS[codec])
  return v.custom<CID>(
    (value) => {
      const cid = CID.asCID(value)
      return (
        cid?.version === 1 &&
        codes.includes(cid.code) &&
        cid.multihash.code === SHA2_256 &&
        // version, codec, hash and length in a byte each: no other spelling of the same CID
        cid.bytes.length === 36
      )
    },
    `it must be a CIDv1 with sha2-256 and codec ${codecs.join(' or ')}`,
  )
}

/** UnixFS: one raw leaf, or a tree of them. */
export const fileLink = link('raw', 'dag-pb')

/**
 * @returns the value, checked and typed
 * @throws ShoalError `<record>_unknown_field`, or `<record>_field` for a field that is absent or wrong;
 *   the message names the field
 */
export function validate<T>(record: string, schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true })
  if (success) return output
  const [issue] = issues
  // names come from strangers: cut and quoted before anybody prints them
  const field = JSON.stringify((v.getDotPath(issue) ?? '').slice(0, 100))
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    throw new ShoalError(`${record}_unknown_field`, `${record}: field ${field} is not known here`)
  }
  const reason =
    issue.expected === null || issue.type === 'custom' ? issue.message : `expected ${issue.expected}`
  throw new ShoalError(`${record}_field`, `${record}: field ${field}: ${reason}`)
}
