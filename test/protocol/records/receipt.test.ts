import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  basisOf,
  decodeReceipt,
  makeReceipt,
  PROOFS,
  type Receipt,
  readBasis,
} from '../../../protocol/records/receipt.ts'
import { codeOf } from '../fault.ts'
import { fromDagJson, readCases } from '../read-vectors.ts'
import { testRecord } from './record-cases.ts'

testRecord('receipt', decodeReceipt)

const receipt = suite('receipt')

receipt('is not made with a fault', async () => {
  const { source, ...fields } = fromDagJson(readCases<{ value: object }>('receipt')[0]?.value) as Receipt
  const signer = { publicKey: source, sign: () => new Uint8Array(64) }
  assert.is(await codeOf(() => makeReceipt(fields, signer)), null)
  assert.is(
    await codeOf(() => makeReceipt({ ...fields, deadline: fields.received }, signer)),
    'receipt_field',
  )
})

receipt('a basis tells proof and request, and nothing else passes for one', () => {
  for (const { value, bases } of readCases<{ value: unknown; bases?: string[] }>('receipt')) {
    if (!bases) continue
    const { request, subjects } = fromDagJson(value) as Receipt
    assert.equal(
      bases.map(readBasis),
      subjects.map(({ proof }) => ({ proof, request })),
    )
  }
  const name = 'a'.repeat(26)
  for (const proof of [...PROOFS, 'confirmed'] as const)
    assert.equal(readBasis(basisOf(proof, name)), { proof, request: name })
  for (const basis of [
    'ticket 17',
    `word: request ${name}`,
    `dns: request ${name}a`,
    ` dns: request ${name}`,
  ])
    assert.is(readBasis(basis), null, basis)
})

receipt.run()
