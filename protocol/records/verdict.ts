import type { CID } from 'multiformats/cid'
import * as v from 'valibot'
import { decode, encode, equalBytes } from '../codec.ts'
import { AUDIT_DOMAIN } from '../domains.ts'
import { type Opened, type Sealed, type Signer, seal } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import {
  MAX_ACCUSED,
  MAX_EVIDENCE,
  MAX_EVIDENCE_BYTES,
  MAX_INDEX,
  MAX_LABEL_BYTES,
  MAX_SAMPLES,
  MAX_SERVERS,
  SHARD_BASE_BYTES,
  SHARD_ROW_BYTES,
  SIGNATURE_BYTES,
} from '../limits.ts'
import { FINDINGS } from '../rules/agree.ts'
import { FRAMES, type Frame } from '../rules/sample.ts'
import { compareBytes } from '../rules/select.ts'
import { integer, isMap, key, line, link, list, map, validate } from './fields.ts'

/** A row of the shard, or a place of the source as `placeIn` reads it. */
const row = { frame: v.picklist(FRAMES), row: integer(0) }
const nameOfRow = (one: { frame: string; row: number }) => `${one.frame} ${one.row}`

const FACT = /^[a-z][a-zA-Z0-9]{0,31}$/
const bytesOf = (min: number, max: number) =>
  v.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length >= min && value.length <= max,
    `it must be ${min === max ? min : `${min} to ${max}`} bytes`,
  )

const Accusation = map({
  ...row,
  code: v.pipe(v.string(), v.regex(/^[a-z]{1,16}(_[a-z]{1,16}){1,3}$/)),
  /** what the verifier saw instead, by name; a text that is no line, or a long one, as the head of its UTF-8 */
  found: v.pipe(
    v.custom<Record<string, string | number | Uint8Array>>(
      // the keys first: valibot's record passes over some, such as __proto__, in silence
      (value) =>
        isMap(value) &&
        Object.keys(value).length <= MAX_EVIDENCE &&
        Object.keys(value).every((name) => FACT.test(name)),
      `it must be a map of at most ${MAX_EVIDENCE} facts`,
    ),
    v.record(
      v.string(),
      v.union([line(MAX_EVIDENCE_BYTES), v.pipe(v.number(), v.finite()), bytesOf(0, MAX_EVIDENCE_BYTES)]),
    ),
  ),
})

const VerdictSchema = v.pipe(
  map({
    /** id of the campaign's record */
    campaign: link('dag-cbor'),
    manifest: link('dag-cbor'),
    segment: integer(0, MAX_INDEX),
    /** who signed the shard */
    producer: key,
    /** whose signature the envelope bears */
    verifier: key,
    /** the day it was made, see epochOf */
    epoch: integer(0, MAX_INDEX),
    /** the verifier's signature over `proofMessage`, which chose the sample */
    proof: bytesOf(SIGNATURE_BYTES, SIGNATURE_BYTES),
    /** what the verifier scored with: `cpu/fp32` */
    deviceClass: line(MAX_LABEL_BYTES),
    /** rows that each frame of the shard has */
    frames: map({ kept: integer(0, MAX_INDEX), dropped: integer(0, MAX_INDEX) }),
    /** rows and places that were looked at */
    sampled: map({
      kept: integer(0, MAX_SAMPLES),
      dropped: integer(0, MAX_SAMPLES),
      source: integer(1, MAX_SAMPLES),
    }),
    /** what came of each of them, see packFindings */
    findings: bytesOf(1, Math.ceil((3 * MAX_SAMPLES) / 4)),
    /** how many of them agree, and how many say nothing */
    matched: integer(0),
    unverifiable: integer(0),
    /** the first of the rows found forged */
    forged: list(Accusation, { max: MAX_ACCUSED }, nameOfRow),
    /** rows that others had accused, looked at again: whether the accusation holds */
    rechecked: list(map({ ...row, forged: v.boolean() }), { max: MAX_ACCUSED }, nameOfRow),
    ruling: v.picklist(['good', 'unclear', 'forged']),
    /** who gave the verifier blocks of the shard, ascending by key, and bytes of those; absent where nobody did */
    servers: v.optional(
      list(map({ peer: key, bytes: integer(1) }), { min: 1, max: MAX_SERVERS }, ({ peer }) => peer.join()),
    ),
  }),
  v.check(
    ({ servers = [], verifier }) =>
      servers.every(
        ({ peer }, i) =>
          !equalBytes(peer, verifier) && (i === 0 || compareBytes(servers[i - 1]!.peer, peer) < 0),
      ),
    'its servers must ascend, and the verifier is none of them',
  ),
  v.check(
    ({ servers = [], frames }) =>
      servers.reduce((sum, { bytes }) => sum + bytes, 0) <= maxServedBytes(frames),
    'it was given more than the shard can hold',
  ),
  v.check(
    ({ frames, sampled }) => sampled.kept <= frames.kept && sampled.dropped <= frames.dropped,
    'it looks at more rows than there are',
  ),
  v.check(
    ({ findings, sampled }) => equalBytes(packFindings(unpackFindings(findings, totalOf(sampled))), findings),
    'there are not as many findings as samples',
  ),
  v.check(({ findings, sampled, matched, unverifiable, forged, rechecked, ruling }) => {
    const counts = countFindings(unpackFindings(findings, totalOf(sampled)))
    return (
      counts.matched === matched &&
      counts.unverifiable === unverifiable &&
      Math.min(counts.forged, MAX_ACCUSED) === forged.length &&
      ruling === ruleOn(counts, rechecked)
    )
  }, 'the counts, the accusations or the ruling do not follow from the findings'),
)

/** A verifier's signed judgement of one shard. It can be repeated row by row: the proof gives the sample. */
export type Verdict = v.InferOutput<typeof VerdictSchema>

/** @throws ShoalError `verdict_field`, `verdict_unknown_field` */
export function makeVerdict(fields: Omit<Verdict, 'verifier'>, signer: Signer): Promise<Sealed> {
  const verdict = validate('verdict', VerdictSchema, { ...fields, verifier: signer.publicKey })
  return seal('verdict', encode(verdict), signer)
}

/**
 * Whether the proof holds is not looked into: `admit` asks for it.
 *
 * @throws ShoalError `codec_*` for the body; `verdict_kind` for another record; `verdict_field`,
 *   `verdict_unknown_field`; `verdict_key` where another key than the verifier's signed
 */
export function decodeVerdict(record: Opened): Verdict {
  if (record.kind !== 'verdict')
    throw new ShoalError('verdict_kind', `${record.id} is a ${record.kind}, not a verdict`)
  const verdict = validate('verdict', VerdictSchema, decode(record.body))
  if (!equalBytes(verdict.verifier, record.key)) {
    throw new ShoalError(
      'verdict_key',
      `verdict ${record.id} names another verifier than the one who signed it`,
    )
  }
  return verdict
}

/** Bytes of the blocks of a shard with so many rows, at most. */
export function maxServedBytes({ kept, dropped }: { kept: number; dropped: number }): number {
  return SHARD_BASE_BYTES + SHARD_ROW_BYTES * (kept + dropped)
}

/** What a verifier signs to draw its sample of a shard, and what its proof is verified over. */
export function proofMessage(manifest: CID): Uint8Array {
  const domain = new TextEncoder().encode(AUDIT_DOMAIN)
  const message = new Uint8Array(domain.length + manifest.bytes.length)
  message.set(domain)
  message.set(manifest.bytes, domain.length)
  return message
}

export type Finding = (typeof FINDINGS)[number]

/**
 * Two bits a finding, its place in FINDINGS, in the order of the sample (kept, dropped, source): the first in the
 * lowest bits of the first byte. Bits left over are zero.
 */
export function packFindings(findings: readonly Finding[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(findings.length / 4))
  for (const [i, finding] of findings.entries()) bytes[i >> 2]! |= FINDINGS.indexOf(finding) << (2 * (i & 3))
  return bytes
}

/** @param count - of the findings; bytes that are missing read as zeros */
export function unpackFindings(bytes: Uint8Array, count: number): Finding[] {
  return Array.from({ length: count }, (_, i) => FINDINGS[((bytes[i >> 2] ?? 0) >> (2 * (i & 3))) & 3]!)
}

export function countFindings(findings: readonly Finding[]): {
  matched: number
  unverifiable: number
  forged: number
} {
  const count = (...wanted: Finding[]) => findings.filter((finding) => wanted.includes(finding)).length
  return { matched: count('match', 'alike'), unverifiable: count('unverifiable'), forged: count('forged') }
}

/** One forged row is one too many, whoever met it first. Where more than half can't be verified, nothing is said. */
export function ruleOn(
  { matched, unverifiable, forged }: ReturnType<typeof countFindings>,
  rechecked: readonly { forged: boolean }[],
): 'good' | 'unclear' | 'forged' {
  if (forged > 0 || rechecked.some((one) => one.forged)) return 'forged'
  return unverifiable > matched ? 'unclear' : 'good'
}

function totalOf({ kept, dropped, source }: Record<Frame, number>): number {
  return kept + dropped + source
}
