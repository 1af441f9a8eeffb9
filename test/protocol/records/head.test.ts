import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareHeads, decodeHead, type Head, makeHead } from '../../../protocol/records/head.ts'
import { codeOf } from '../fault.ts'
import { fromDagJson, readCases } from '../read-vectors.ts'
import { testRecord } from './record-cases.ts'

testRecord('head', decodeHead)

const head = suite('head')

head('is not made with a fault', async () => {
  const { source, ...fields } = fromDagJson(readCases<{ value: object }>('head')[0]?.value) as Head
  const signer = { publicKey: source, sign: () => new Uint8Array(64) }
  assert.is(await codeOf(() => makeHead(fields, signer)), null)
  assert.is(await codeOf(() => makeHead({ ...fields, nextUpdate: fields.thisUpdate }, signer)), 'head_field')
})

head('of two the later counts, then the one with more removals, then the lower id', () => {
  const id = (byte: number) => ({ bytes: Uint8Array.of(byte) })
  const one = { id: id(1), seq: 3, thisUpdate: 10 }
  assert.ok(compareHeads(one, { ...one, thisUpdate: 9, seq: 4 }) < 0)
  assert.ok(compareHeads(one, { ...one, seq: 4 }) > 0)
  assert.ok(compareHeads(one, { ...one, id: id(2) }) < 0)
  assert.is(compareHeads(one, { ...one }), 0)
})

head.run()
