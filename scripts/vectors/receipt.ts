import { cidOf, encode } from '../../protocol/codec.ts'
import { basisOf, makeReceipt, type Receipt } from '../../protocol/records/receipt.ts'
import { sealed, shardFields } from './records.ts'
import { bytes, dagJsonOf, hex, signerOf } from './spelling.ts'

const source = signerOf(1)
const other = signerOf(2)
const NOON = 1_760_000_000_000
const MONTH = 28 * 86_400_000
const block = (name: string) => cidOf(encode(name))

export async function receiptCases(): Promise<unknown[]> {
  const valid = async (comment: string, change: Partial<Receipt>) => {
    const { source: key, ...fields } = { ...receiptFields(), ...change }
    const record = await makeReceipt(fields, source)
    return {
      comment,
      envelope: hex(record.bytes),
      id: record.id.toString(),
      value: dagJsonOf({ ...fields, source: key }),
      bases: fields.subjects.map(({ proof }) => basisOf(proof, fields.request)),
    }
  }
  const invalid = (comment: string, change: object, error = 'receipt_field') =>
    sealed(comment, 'receipt', { ...receiptFields(), ...change }, error, source)
  const { reason: _, ...withoutReason } = receiptFields()
  const [one, site] = receiptFields().subjects as [Receipt['subjects'][number], Receipt['subjects'][number]]
  const many = (length: number) =>
    Array.from({ length }, (_, i) => ({ ...one, hash: new Uint8Array(32).fill(i) }))
  return [
    await valid('an address, hidden in two campaigns, and a site without proof', {}),
    await valid('a site, proven', { subjects: [{ ...site, proof: 'dns' }], issued: NOON + 60_000 }),
    await valid('as many as there can be', { subjects: many(16) }),
    await valid('an earlier deadline', { deadline: NOON + 1 }),

    await sealed('wrong domain: a shard is no receipt', 'shard', shardFields(), 'receipt_kind', other),
    await sealed('wrong key: of another source', 'receipt', receiptFields(), 'receipt_key', other),
    await invalid('unknown field: who asked', { contact: 'me@example.org' }, 'receipt_unknown_field'),
    await sealed('missing field', 'receipt', withoutReason, 'receipt_field', source),
    await sealed('not a map', 'receipt', [1, 2], 'receipt_field', source),
    await sealed('malformed body', 'receipt', new Uint8Array(), 'codec_malformed', source),
    await sealed('non-canonical body', 'receipt', bytes('a2 6162 01 6161 02'), 'codec_not_canonical', source),
    await invalid('a name too short', { request: 'a'.repeat(25) }),
    await invalid('a name in capitals', { request: 'A'.repeat(26) }),
    await invalid('a name with digits that base32 lacks', { request: '1'.repeat(26) }),
    await invalid('nothing is asked for', { subjects: [] }),
    await invalid('oversize: 17 subjects', { subjects: many(17) }),
    await invalid('a subject twice', { subjects: [one, { ...one, proof: 'dns' }] }),
    await invalid('a subject nobody knows', { subjects: [{ ...one, kind: 'person' }] }),
    await invalid('a short hash', { subjects: [{ ...one, hash: one.hash.subarray(1) }] }),
    await invalid('a proof nobody knows', { subjects: [{ ...one, proof: 'word' }] }),
    await invalid('a campaign twice', {
      subjects: [{ ...one, removals: [one.removals[0], one.removals[0]] }],
    }),
    await invalid('a reason nobody knows', { reason: 'mood' }),
    await invalid('a deadline of more than a month', { deadline: NOON + MONTH + 1 }),
    await invalid('a deadline that was over before', { deadline: NOON }),
    await invalid('signed before the request', { issued: NOON - 1 }),
    await invalid('a key too short', { source: source.publicKey.subarray(1) }),
  ]
}

function receiptFields(): Receipt {
  return {
    request: 'abcdefghijklmnopqrstuvwxyz',
    subjects: [
      {
        ...{ kind: 'url', hash: new Uint8Array(32).fill(7), proof: 'none' },
        removals: ['first', 'second'].map((name) => ({ campaign: block(name), removal: block(`${name} r`) })),
      },
      { kind: 'origin', hash: new Uint8Array(32).fill(8), proof: 'none', removals: [] },
    ],
    reason: 'privacy',
    ...{ received: NOON, deadline: NOON + MONTH, issued: NOON, source: source.publicKey },
  }
}
