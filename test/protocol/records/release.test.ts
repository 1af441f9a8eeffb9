import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cidOf } from '../../../protocol/codec.ts'
import {
  decodeRelease,
  decodeReleaseContent,
  decodeReleasePage,
  makeReleaseContent,
  makeReleasePage,
} from '../../../protocol/records/release.ts'
import { codeOf } from '../fault.ts'
import { mutantsOf } from '../mutants.ts'
import { bytesOf, fromDagJson, readCases, toDagJson } from '../read-vectors.ts'
import { testRecord } from './record-cases.ts'

interface Case {
  bytes: string
  cid?: string
  value?: unknown
  error?: string
}

testRecord('release', decodeRelease)
testBlock('content', readCases<Case>('release-content'), decodeReleaseContent, makeReleaseContent)
testBlock('page', readCases<Case>('release-page'), decodeReleasePage, makeReleasePage)

function testBlock<Value>(
  name: string,
  cases: readonly (Case & { comment: string })[],
  decode: (bytes: Uint8Array) => Value,
  make: (value: Value) => { bytes: Uint8Array },
): void {
  const block = suite(`release ${name}`)
  for (const { comment, bytes, cid, value, error } of cases)
    block(comment, async () => {
      const found = bytesOf(bytes)
      assert.is(await codeOf(() => decode(found)), error ?? null)
      if (error !== undefined) return
      assert.is(cidOf(found).toString(), cid)
      assert.equal(toDagJson(decode(found)), value)
      assert.equal(make(fromDagJson(value) as Value).bytes, found)
    })

  block('strange bytes are refused by a code', async () => {
    const strange = fc.oneof(fc.uint8Array(), mutantsOf(...cases.map(({ bytes }) => bytesOf(bytes))))
    const property = fc.asyncProperty(strange, async (bytes) => {
      const code = await codeOf(() => decode(bytes))
      if (code === null) assert.equal(make(decode(bytes)).bytes, bytes)
      else assert.match(code, /^(codec|release)_/)
    })
    await fc.assert(property, { numRuns: 500 })
  })
  block.run()
}
