import { cidOf, encode } from '../../protocol/codec.ts'
import { makeVerdict, packFindings, proofMessage, type Verdict } from '../../protocol/records/verdict.ts'
import { drawSample } from '../../protocol/rules/sample.ts'
import { compareBytes } from '../../protocol/rules/select.ts'
import { sealed, shardFields } from './records.ts'
import { bytes, dagJsonOf, hex, signerOf } from './spelling.ts'

const verifier = signerOf(3)
const producer = signerOf(2)
const block = cidOf(encode({ any: 'block' }))

/** Of a shard with 8 kept rows and 3 dropped ones, in a campaign that wants four samples: all agree. */
export async function verdictFields(): Promise<Verdict> {
  return {
    campaign: block,
    manifest: block,
    segment: 5,
    producer: producer.publicKey,
    verifier: verifier.publicKey,
    epoch: 20_370,
    proof: await verifier.sign(proofMessage(block)),
    deviceClass: 'cpu/fp32',
    frames: { kept: 8, dropped: 3 },
    sampled: { kept: 4, dropped: 3, source: 1 },
    findings: packFindings(Array(8).fill('match')),
    matched: 8,
    unverifiable: 0,
    forged: [],
    rechecked: [],
    ruling: 'good',
  }
}

/** The same, with the first kept row of the sample forged. */
export async function forgedFields(): Promise<Verdict> {
  const fields = await verdictFields()
  const [row] = drawSample(fields.proof, fields.frames, 4).kept
  return {
    ...fields,
    findings: packFindings(['forged', ...Array(7).fill('match')]),
    matched: 7,
    forged: [
      {
        frame: 'kept',
        row: row!,
        code: 'row_score',
        found: { similarity: 0.1875, text: 'a red kite', head: bytes('ff00') },
      },
    ],
    ruling: 'forged',
  }
}

export async function verdictCases(): Promise<unknown[]> {
  const good = await verdictFields()
  const bad = await forgedFields()
  const valid = async (comment: string, verdict: Verdict) => {
    const { verifier: _, ...fields } = verdict
    const record = await makeVerdict(fields, verifier)
    return {
      comment,
      envelope: hex(record.bytes),
      id: record.id.toString(),
      proofMessage: hex(proofMessage(verdict.manifest)),
      value: dagJsonOf(verdict),
    }
  }
  const invalid = (comment: string, change: object, error = 'verdict_field') =>
    sealed(comment, 'verdict', { ...good, ...change }, error, verifier)
  const accusing = (comment: string, change: object) =>
    sealed(
      comment,
      'verdict',
      { ...bad, forged: [{ ...bad.forged[0]!, ...change }] },
      'verdict_field',
      verifier,
    )
  const rechecked = (forged: boolean) => [{ frame: 'source' as const, row: 2 ** 52 + 1, forged }]
  const many = Array.from({ length: 17 }, (_, row) => ({ frame: 'kept' as const, row, forged: false }))
  const { proof: _, ...withoutProof } = good
  const servers = [producer, signerOf(4)]
    .map(({ publicKey }, i) => ({ peer: publicKey, bytes: 40_000 + i }))
    .sort((a, b) => compareBytes(a.peer, b.peer))
  return [
    await valid('all rows agree', good),
    await valid('a row is forged', bad),
    await valid('an accusation does not hold', { ...good, rechecked: rechecked(false) }),
    await valid('an accusation holds: the ruling is forged', {
      ...good,
      rechecked: rechecked(true),
      ruling: 'forged',
    }),
    await valid('half can not be verified', {
      ...good,
      findings: bytes('a00a'),
      matched: 4,
      unverifiable: 4,
    }),
    await valid('more than half: it says nothing', {
      ...good,
      findings: bytes('a80a'),
      matched: 3,
      unverifiable: 5,
      ruling: 'unclear',
    }),
    await valid('rows that are alike count as matched', { ...good, findings: bytes('5555') }),
    await valid('a shard without rows', {
      ...good,
      frames: { kept: 0, dropped: 0 },
      sampled: { kept: 0, dropped: 0, source: 1 },
      findings: bytes('00'),
      matched: 1,
    }),
    await valid('thanks two who gave it blocks', { ...good, servers }),
    await valid('20 forged rows, of which 16 are listed', {
      ...good,
      frames: { kept: 20, dropped: 0 },
      sampled: { kept: 20, dropped: 0, source: 5 },
      findings: packFindings([...Array(20).fill('forged'), ...Array(5).fill('match')]),
      matched: 5,
      forged: many.slice(0, 16).map(({ frame, row }) => ({ frame, row, code: 'row_text', found: {} })),
      ruling: 'forged',
    }),

    await sealed('wrong domain: a shard is no verdict', 'shard', shardFields(), 'verdict_kind', producer),
    await sealed('wrong key: for another verifier', 'verdict', good, 'verdict_key', producer),
    await invalid('unknown field', { reason: 'bored' }, 'verdict_unknown_field'),
    await sealed('missing field', 'verdict', withoutProof, 'verdict_field', verifier),
    await sealed('not a map', 'verdict', [1, 2], 'verdict_field', verifier),
    await sealed('malformed body', 'verdict', new Uint8Array(), 'codec_malformed', verifier),
    await sealed(
      'non-canonical body',
      'verdict',
      bytes('a2 6162 01 6161 02'),
      'codec_not_canonical',
      verifier,
    ),
    await invalid('a proof that is too short', { proof: good.proof.subarray(1) }),
    await invalid('an epoch below 0', { epoch: -1 }),
    await invalid('a class of device that moves the cursor', { deviceClass: 'cpu/\u001b[2J' }),
    await invalid('more rows looked at than there are', { frames: { kept: 3, dropped: 3 } }),
    await invalid('no place of the source looked at', {
      sampled: { kept: 4, dropped: 3, source: 0 },
      findings: packFindings(Array(7).fill('match')),
      matched: 7,
    }),
    await invalid('a finding too few', { findings: bytes('00') }),
    await invalid('findings too many', { findings: bytes('000000') }),
    await invalid('bits that are left over and not zero', {
      sampled: { kept: 3, dropped: 3, source: 1 },
      findings: bytes('0040'),
      matched: 7,
    }),
    await invalid('a count that is wrong', { matched: 7 }),
    await invalid('a finding of forged without its row', {
      findings: bytes('0300'),
      matched: 7,
      ruling: 'forged',
    }),
    await invalid('a forged row that no finding tells of', { forged: bad.forged }),
    await invalid('a ruling of good in spite of a forged row', { ...bad, ruling: 'good' }),
    await invalid('a ruling of forged without a forged row', { ruling: 'forged' }),
    await invalid('a ruling of unclear that is clear', { ruling: 'unclear' }),
    await invalid('a ruling nobody knows', { ruling: 'splendid' }),
    await accusing('a frame nobody draws from', { frame: 'pairs' }),
    await accusing('a row below 0', { row: -1 }),
    await accusing('a place beyond 2^53', { frame: 'source', row: 2n ** 53n }),
    await accusing('a code in capitals', { code: 'ROW_SCORE' }),
    await accusing('a fact named like a prototype', { found: JSON.parse('{"__proto__":1}') }),
    await accusing('oversize: seven facts', { found: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1 } }),
    await accusing('oversize: a fact of 257 bytes', { found: { text: 'a'.repeat(257) } }),
    await accusing('a fact that turns the direction', { found: { text: 'a\u202eb' } }),
    await accusing('a fact that is a list', { found: { text: [] } }),
    await invalid(
      'unknown field of an accusation',
      { ...bad, forged: [{ ...bad.forged[0]!, why: 'because' }] },
      'verdict_unknown_field',
    ),
    await invalid('thanks nobody: the field has to be absent', { servers: [] }),
    await invalid('thanks itself', { servers: [{ peer: verifier.publicKey, bytes: 1 }] }),
    await invalid('thanks in the wrong order', { servers: servers.toReversed() }),
    await invalid('thanks one twice', { servers: [servers[0], servers[0]] }),
    await invalid('thanks for nothing', { servers: [{ ...servers[0]!, bytes: 0 }] }),
    await invalid('thanks for more than 11 rows can hold', {
      servers: [{ ...servers[0]!, bytes: 1_048_576 + 11 * 4_096 + 1 }],
    }),
    await invalid('oversize: thanks 17', {
      servers: Array.from({ length: 17 }, (_, i) => ({ peer: new Uint8Array(32).fill(i + 1), bytes: 1 })),
    }),
    await invalid('a row looked at again twice', { rechecked: [...rechecked(false), ...rechecked(false)] }),
    await invalid('oversize: 17 rows looked at again', { rechecked: many }),
  ]
}
