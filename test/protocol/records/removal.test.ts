import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeRemoval, makeRemoval, type Removal } from '../../../protocol/records/removal.ts'
import { codeOf } from '../fault.ts'
import { fromDagJson, readCases } from '../read-vectors.ts'
import { testRecord } from './record-cases.ts'

testRecord('removal', decodeRemoval)

const removal = suite('removal')

removal('is not made with a fault', async () => {
  const { source, ...fields } = fromDagJson(readCases<{ value: object }>('removal')[0]?.value) as Removal
  const signer = { publicKey: source, sign: () => new Uint8Array(64) }
  assert.is(await codeOf(() => makeRemoval(fields, signer)), null)
  assert.is(await codeOf(() => makeRemoval({ ...fields, basis: '' }, signer)), 'removal_field')
})

removal.run()
