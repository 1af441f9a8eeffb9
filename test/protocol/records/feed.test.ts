import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeFeed, type Feed, makeFeed } from '../../../protocol/records/feed.ts'
import { codeOf } from '../fault.ts'
import { fromDagJson, readCases } from '../read-vectors.ts'
import { testRecord } from './record-cases.ts'

testRecord('feed', decodeFeed)

const feed = suite('feed')

feed('is not made with a fault', async () => {
  const { source, ...fields } = fromDagJson(readCases<{ value: object }>('feed')[0]?.value) as Feed
  const signer = { publicKey: source, sign: () => new Uint8Array(64) }
  assert.is(await codeOf(() => makeFeed(fields, signer)), null)
  assert.is(await codeOf(() => makeFeed({ ...fields, digest: new Uint8Array(1) }, signer)), 'feed_field')
})

feed.run()
