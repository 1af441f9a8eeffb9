import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Claim, decodeClaim, isRelease, makeClaim } from '../../../protocol/records/claim.ts'
import { codeOf } from '../fault.ts'
import { fromDagJson, readCases } from '../read-vectors.ts'
import { testRecord } from './record-cases.ts'

testRecord('claim', decodeClaim)

const claim = suite('claim')
const cases = readCases<{ value?: object }>('claim')

claim('is not made with a fault', async () => {
  const { peer, ...fields } = fromDagJson(cases[0]?.value) as Claim
  const signer = { publicKey: peer, sign: () => new Uint8Array(64) }
  assert.is(await codeOf(() => makeClaim(fields, signer)), null)
  assert.is(await codeOf(() => makeClaim({ ...fields, expires: fields.issued - 1 }, signer)), 'claim_field')
})

claim('one that ends as it begins is a release', () => {
  for (const { comment, value } of cases)
    if (value !== undefined)
      assert.is(isRelease(fromDagJson(value) as Claim), /release/.test(comment), comment)
})

claim.run()
