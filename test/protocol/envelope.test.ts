import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifySignature } from '../../node/identity.ts'
import { open } from '../../protocol/envelope.ts'
import { codeOf } from './fault.ts'
import { mutantsOf } from './mutants.ts'
import { bytesOf, readCases } from './read-vectors.ts'

interface Case {
  envelope: string
  zeros?: number
  kind?: string
  body?: string
  key?: string
  message?: string
  id?: string
  error?: string
}
const cases = readCases<Case>('envelope')

const vectors = suite('envelope vectors')
for (const { comment, envelope, zeros, kind, body, key, message, id, error } of cases) {
  vectors(comment, async () => {
    const bytes = bytesOf(envelope, zeros)
    const signed: Uint8Array[] = []
    const opening = () =>
      open(bytes, (key, message, sig) => {
        signed.push(message)
        return verifySignature(key, message, sig)
      })
    assert.is(await codeOf(opening), error ?? null)
    if (error !== undefined) return
    const opened = await opening()
    assert.is(opened.kind, kind)
    assert.equal(opened.body, bytesOf(body as string))
    assert.equal(opened.key, bytesOf(key as string))
    assert.equal(signed.at(-1), bytesOf(message as string))
    assert.is(opened.id.toString(), id)
  })
}
vectors.run()

const envelope = suite('envelope')

envelope('refuses strange bytes by a code', async () => {
  const originals = cases.map(({ envelope }) => bytesOf(envelope))
  const property = fc.asyncProperty(fc.oneof(fc.uint8Array(), mutantsOf(...originals)), async (bytes) => {
    const code = await codeOf(() => open(bytes, verifySignature))
    if (code !== null) assert.match(code, /^(codec|envelope)_/)
    // an edit may change nothing, or mend what was broken; nobody signs by chance
    else assert.ok(originals.some((original) => Buffer.from(original).equals(bytes)))
  })
  await fc.assert(property, { numRuns: 1000 })
})

envelope('waits for a verification that takes its time', async () => {
  const bytes = bytesOf(cases[0]?.envelope as string)
  assert.is(await codeOf(() => open(bytes, async () => true)), null)
  assert.is(await codeOf(() => open(bytes, async () => false)), 'envelope_signature')
})

envelope.run()
