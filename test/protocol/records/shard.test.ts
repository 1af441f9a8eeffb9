import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeShard, makeShard, type Shard } from '../../../protocol/records/shard.ts'
import { codeOf } from '../fault.ts'
import { fromDagJson, readCases } from '../read-vectors.ts'
import { testRecord } from './record-cases.ts'

testRecord('shard', decodeShard)

const shard = suite('shard')

shard('is not made with a fault', async () => {
  const { peer, ...fields } = fromDagJson(readCases<{ value: object }>('shard')[0]?.value) as Shard
  const signer = { publicKey: peer, sign: () => new Uint8Array(64) }
  assert.is(await codeOf(() => makeShard(fields, signer)), null)
  assert.is(await codeOf(() => makeShard({ ...fields, rows: -1 }, signer)), 'shard_field')
})

shard.run()
