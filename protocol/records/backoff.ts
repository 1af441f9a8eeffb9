import * as v from 'valibot'
import { decode, encode, equalBytes } from '../codec.ts'
import { type Opened, type Sealed, type Signer, seal } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import { MAX_HOST_BYTES } from '../limits.ts'
import { HEARSAY_MS, MAX_BACKOFF_MS } from '../timing.ts'
import { integer, key, link, map, validate } from './fields.ts'

const BackoffSchema = v.pipe(
  map({
    /** id of the campaign's record */
    campaign: link('dag-cbor'),
    /** who asks to be left alone, as `host` of a URL has it: `photos.example`, `192.0.2.1:8080`, `[2001:db8::1]` */
    host: v.pipe(
      v.string(),
      v.check(
        isHost,
        "it must be a host in lower-case ASCII, with its port where it is not the scheme's own",
      ),
    ),
    /** what it answered: Too Many Requests, or Service Unavailable */
    status: v.picklist([429, 503]),
    /** who got the answer, whose signature the envelope bears */
    peer: key,
    /** when it was said: now, also where the answer is older and the pause still lasts */
    issued: integer(0),
    /** when the pause ends, by the host's `Retry-After` or by the peer's own reckoning */
    until: integer(0),
  }),
  v.check(({ issued, until }) => issued < until, 'it ends before it begins'),
  v.check(({ issued, until }) => until - issued <= MAX_BACKOFF_MS, 'it holds longer than a day'),
)

/**
 * What a host said to one peer, for all others: that it wants to be left alone for a while (RFC 6585, 4; RFC 9110,
 * 15.6.4 and 10.2.3). Times are milliseconds since 1970. It is gossiped, and neither stored nor synced.
 *
 * It is hearsay: whoever receives it can't tell a lie from the truth, and one liar could silence hosts. So a receiver
 * - heeds it until {@link heededUntil} and not longer, unless the host itself, or a newer record, says so again. What
 *   counts is when it was said, so that old records sent again win nothing;
 * - only puts off its requests to the host. It counts no failure of the host, gives no candidate up on its account
 *   that it would not give up for a pause the host asked of itself, and shortens no pause that the host asked for;
 * - tells others of what it has met itself, never of what it heard. A peer that the host has asked for a longer pause
 *   may say so again when the hour is over.
 */
export type Backoff = v.InferOutput<typeof BackoffSchema>

/** @throws ShoalError `backoff_field`, `backoff_unknown_field` */
export function makeBackoff(fields: Omit<Backoff, 'peer'>, signer: Signer): Promise<Sealed> {
  const backoff = validate('backoff', BackoffSchema, { ...fields, peer: signer.publicKey })
  return seal('backoff', encode(backoff), signer)
}

/**
 * @throws ShoalError `codec_*` for the body; `backoff_kind` for another record; `backoff_field`,
 *   `backoff_unknown_field`; `backoff_key` where another key than the peer's signed
 */
export function decodeBackoff(record: Opened): Backoff {
  if (record.kind !== 'backoff')
    throw new ShoalError('backoff_kind', `${record.id} is a ${record.kind}, not a back-off`)
  const backoff = validate('backoff', BackoffSchema, decode(record.body))
  if (!equalBytes(backoff.peer, record.key)) {
    throw new ShoalError('backoff_key', `back-off ${record.id} names another peer than the one who signed it`)
  }
  return backoff
}

/** Until when others leave the host alone on its account. */
export function heededUntil({ issued, until }: Pick<Backoff, 'issued' | 'until'>): number {
  return Math.min(until, issued + HEARSAY_MS)
}

/**
 * Exact, so that all nodes agree: what URL parsers make of a name (IDNA) changes with the versions of Unicode.
 * Underscores, and hyphens at the ends of labels, are in no standard for hosts, but in the web.
 */
function isHost(text: string): boolean {
  const [, name, port] = /^(.+?)(?::([1-9][0-9]{0,4}))?$/.exec(text) ?? []
  if (name === undefined || name.length > MAX_HOST_BYTES || Number(port ?? 1) > 65_535) return false
  // RFC 5952, 4: the one spelling that the URL Standard writes
  if (/^\[[0-9a-f:]+\]$/.test(name)) return URL.parse(`http://${name}/`)?.hostname === name
  // a name whose last label is a number is an IPv4 address to every URL parser
  return IPV4.test(name) || (NAME.test(name) && !/(^|\.)([0-9]+|0x[0-9a-f]*)$/.test(name))
}
const NAME = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/
const IPV4 = /^(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}$/
