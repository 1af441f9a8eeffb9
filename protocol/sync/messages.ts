import type { CID } from 'multiformats/cid'
import * as v from 'valibot'
import { decode } from '../codec.ts'
import { ShoalError } from '../errors.ts'
import { link, map, validate } from '../records/fields.ts'
import { BUCKETS, DIGEST_BYTES, FINGERPRINT_BYTES } from './fingerprints.ts'
import { MAX_IDS, MAX_PULL, MAX_RECORDS } from './limits.ts'

function bytes(check: (value: Uint8Array) => boolean, message: string) {
  return v.custom<Uint8Array>((value) => value instanceof Uint8Array && check(value), message)
}
const digests = bytes(({ length }) => length === BUCKETS * FINGERPRINT_BYTES, 'it must be all fingerprints')
const ids = bytes(
  ({ length }) => length % DIGEST_BYTES === 0 && length <= MAX_IDS * DIGEST_BYTES,
  `it must be ${MAX_IDS} digests of ids at most`,
)
const records = v.pipe(v.array(v.instance(Uint8Array)), v.maxLength(MAX_RECORDS))

/** What the side that started a sync sends. Ids are sha256 digests, one after the other. */
const REQUESTS = {
  /** the first: this campaign's fingerprints. The answer has the other side's */
  digests: map({ ask: v.literal('digests'), campaign: link('dag-cbor'), digests }),
  /** all its ids in some buckets, whose numbers are two bytes each */
  compare: map({
    ask: v.literal('compare'),
    buckets: bytes(({ length }) => length % 2 === 0 && length <= BUCKETS * 2, 'it must be bucket numbers'),
    ids,
  }),
  /** the records of these ids */
  pull: map({
    ask: v.literal('pull'),
    ids: bytes(
      ({ length }) => length > 0 && length % DIGEST_BYTES === 0 && length <= MAX_PULL * DIGEST_BYTES,
      `it must be 1 to ${MAX_PULL} digests of ids`,
    ),
  }),
  /** records that the other side lacks */
  push: map({ ask: v.literal('push'), records }),
  /** the last; it has no answer */
  end: map({ ask: v.literal('end') }),
}

export type Request =
  | { ask: 'digests'; campaign: CID; digests: Uint8Array }
  | { ask: 'compare'; buckets: Uint8Array; ids: Uint8Array }
  | { ask: 'pull'; ids: Uint8Array }
  | { ask: 'push'; records: Uint8Array[] }
  | { ask: 'end' }

const ANSWERS = {
  /** null where this side has not joined the campaign */
  digests: map({ digests: v.nullable(digests) }),
  /** ids in those buckets that it offers, and those it lacks; `more` where it has more to offer than fits */
  compare: map({ offers: ids, lacks: ids, more: v.boolean() }),
  /** those of the asked records that it still has, in the same order; `handled` ids of those asked are dealt with */
  pull: map({ records, handled: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_PULL)) }),
  /** that it is ready for the next */
  push: map({}),
}
type Answers = { [Ask in keyof typeof ANSWERS]: v.InferOutput<(typeof ANSWERS)[Ask]> }
export type Answer<Ask extends keyof Answers = keyof Answers> = Answers[Ask]
export type Asking = Exclude<Request, { ask: 'end' }>

/** @throws ShoalError `sync_message` */
export function readRequest(message: Uint8Array): Request {
  return checked(() => {
    const value = decode(message)
    const ask = (value as { ask?: unknown } | null)?.ask
    if (typeof ask !== 'string' || !Object.hasOwn(REQUESTS, ask))
      throw new ShoalError('sync_message', 'it asks for nothing that is known here')
    return validate<unknown>('sync', REQUESTS[ask as keyof typeof REQUESTS], value) as Request
  })
}

/** @throws ShoalError `sync_message` */
export function readAnswer<Ask extends Asking['ask']>(ask: Ask, message: Uint8Array): Answer<Ask> {
  return checked(() => validate<unknown>('sync', ANSWERS[ask], decode(message)) as Answer<Ask>)
}

function checked<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof ShoalError)) throw cause
    throw new ShoalError('sync_message', `no message of a sync: ${cause.message}`, { cause })
  }
}

/** @param bytes - digests, one after the other; the parts are views of it */
export function splitIds(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / DIGEST_BYTES }, (_, i) =>
    bytes.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES),
  )
}

export function joinIds(ids: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(ids.length * DIGEST_BYTES)
  ids.forEach((id, i) => void bytes.set(id, i * DIGEST_BYTES))
  return bytes
}

export function encodeBuckets(buckets: readonly number[]): Uint8Array {
  return Uint8Array.from(buckets.flatMap((bucket) => [bucket >>> 8, bucket & 0xff]))
}

/** @throws ShoalError `sync_message` for what is no bucket, or named twice */
export function decodeBuckets(bytes: Uint8Array): number[] {
  const buckets: number[] = []
  for (let i = 0; i < bytes.length; i += 2) buckets.push((bytes[i]! << 8) | bytes[i + 1]!)
  if (buckets.some((bucket) => bucket >= BUCKETS) || new Set(buckets).size < buckets.length)
    throw new ShoalError('sync_message', 'buckets are numbers below 1024, each once')
  return buckets
}
