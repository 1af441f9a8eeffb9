import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifySignature } from '../../../node/identity.ts'
import {
  countFindings,
  decodeVerdict,
  type Finding,
  makeVerdict,
  packFindings,
  proofMessage,
  unpackFindings,
  type Verdict,
} from '../../../protocol/records/verdict.ts'
import { codeOf } from '../fault.ts'
import { bytesOf, fromDagJson, readCases } from '../read-vectors.ts'
import { testRecord } from './record-cases.ts'

testRecord('verdict', decodeVerdict)

const verdict = suite('verdict')
const cases = readCases<{ value?: object; proofMessage?: string }>('verdict')
const [{ value } = {}] = cases

verdict('is not made with a fault', async () => {
  const { verifier, ...fields } = fromDagJson(value) as Verdict
  const signer = { publicKey: verifier, sign: () => new Uint8Array(64) }
  assert.is(await codeOf(() => makeVerdict(fields, signer)), null)
  assert.is(await codeOf(() => makeVerdict({ ...fields, ruling: 'unclear' }, signer)), 'verdict_field')
  assert.is(await codeOf(() => makeVerdict({ ...fields, matched: 3 }, signer)), 'verdict_field')
})

verdict("its proof is the verifier's signature over its own domain and the manifest", async () => {
  const { verifier, manifest, proof } = fromDagJson(value) as Verdict
  const message = proofMessage(manifest)
  assert.equal(message, bytesOf(cases[0]!.proofMessage!))
  assert.equal(message, new Uint8Array([...Buffer.from('audit\0'), ...manifest.bytes]))
  assert.ok(await verifySignature(verifier, message, proof))
})

verdict('the largest there can be is far below what is gossiped', async () => {
  const { verifier, ...fields } = fromDagJson(value) as Verdict
  const long = 'é'.repeat(128)
  const names = Array.from({ length: 6 }, (_, i) => `fact${i}`.padEnd(32, 'x'))
  const forged = Array.from({ length: 16 }, (_, i) => ({
    frame: 'dropped' as const,
    row: 2 ** 31 + i,
    code: `${'a'.repeat(16)}_${'b'.repeat(16)}_${'c'.repeat(16)}_${'d'.repeat(16)}`,
    found: Object.fromEntries(names.map((name) => [name, long])),
  }))
  const { bytes } = await makeVerdict(
    {
      ...fields,
      deviceClass: 'x'.repeat(200),
      frames: { kept: 2 ** 31 - 1, dropped: 2 ** 31 - 1 },
      sampled: { kept: 10_000, dropped: 10_000, source: 10_000 },
      findings: packFindings(Array(30_000).fill('forged')),
      matched: 0,
      forged,
      rechecked: forged.map(({ row }) => ({ frame: 'source', row: 2 ** 52 + row, forged: true })),
      ruling: 'forged',
    },
    { publicKey: verifier, sign: () => new Uint8Array(64) },
  )
  assert.ok(bytes.length > 30_000 && bytes.length < 48 * 1024, `${bytes.length}`)
})

verdict('findings come back as they were packed', () => {
  const some = fc.array(fc.constantFrom<Finding>('match', 'alike', 'unverifiable', 'forged'))
  fc.assert(
    fc.property(some, (findings) => {
      assert.equal(unpackFindings(packFindings(findings), findings.length), findings)
      const { matched, unverifiable, forged } = countFindings(findings)
      assert.is(matched + unverifiable + forged, findings.length)
    }),
  )
  assert.equal(
    packFindings(['alike', 'unverifiable', 'forged', 'match', 'forged']),
    new Uint8Array([0x39, 3]),
  )
})

verdict.run()
