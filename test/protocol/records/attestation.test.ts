import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Attestation,
  decodeAttestation,
  makeAttestation,
} from '../../../protocol/records/attestation.ts'
import { codeOf } from '../fault.ts'
import { fromDagJson, readCases } from '../read-vectors.ts'
import { testRecord } from './record-cases.ts'

testRecord('attestation', decodeAttestation)

const attestation = suite('attestation')

attestation('is not made with a fault', async () => {
  const { source, ...fields } = fromDagJson(
    readCases<{ value: object }>('attestation')[0]?.value,
  ) as Attestation
  const signer = { publicKey: source, sign: () => new Uint8Array(64) }
  assert.is(await codeOf(() => makeAttestation(fields, signer)), null)
  assert.is(await codeOf(() => makeAttestation({ ...fields, matched: 1 }, signer)), 'attestation_field')
})

attestation.run()
