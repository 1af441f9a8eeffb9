import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cidOf } from '../../../protocol/codec.ts'
import { decodeManifest, type Manifest, makeManifest } from '../../../protocol/records/manifest.ts'
import { codeOf } from '../fault.ts'
import { mutantsOf } from '../mutants.ts'
import { bytesOf, fromDagJson, readCases, toDagJson } from '../read-vectors.ts'

interface Case {
  bytes: string
  cid?: string
  value?: unknown
  error?: string
}
const cases = readCases<Case>('manifest')

const vectors = suite('manifest vectors')
for (const { comment, bytes, cid, value, error } of cases) {
  vectors(comment, async () => {
    const block = bytesOf(bytes)
    assert.is(await codeOf(() => decodeManifest(block)), error ?? null)
    if (error !== undefined) return
    assert.is(cidOf(block).toString(), cid)
    assert.equal(toDagJson(decodeManifest(block)), value)
    assert.equal(makeManifest(fromDagJson(value) as Manifest).bytes, block)
  })
}
vectors.run()

const manifest = suite('manifest')

manifest('strange bytes are refused by a code', async () => {
  const strange = fc.oneof(fc.uint8Array(), mutantsOf(...cases.map(({ bytes }) => bytesOf(bytes))))
  const property = fc.asyncProperty(strange, async (bytes) => {
    const code = await codeOf(() => decodeManifest(bytes))
    if (code === null) assert.equal(makeManifest(decodeManifest(bytes)).bytes, bytes)
    else assert.match(code, /^(codec|manifest)_/)
  })
  await fc.assert(property, { numRuns: 1000 })
})

manifest.run()
