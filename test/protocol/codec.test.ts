import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cidOf, decode, encode } from '../../protocol/codec.ts'
import { MAX_RECORD_BYTES } from '../../protocol/limits.ts'
import { codeOf } from './fault.ts'
import { anyValue, mutantsOf } from './mutants.ts'
import { bytesOf, fromDagJson, readCases, toDagJson } from './read-vectors.ts'

interface Case {
  bytes: string
  zeros?: number
  value?: unknown
  cid?: string
  error?: string
}

const vectors = suite('codec vectors')
for (const { comment, bytes, zeros, value, cid, error } of readCases<Case>('codec')) {
  vectors(comment, async () => {
    const block = bytesOf(bytes, zeros)
    assert.is(await codeOf(() => decode(block)), error ?? null)
    if (error !== undefined) return
    assert.is(cidOf(block).toString(), cid)
    assert.equal(encode(decode(block)), block)
    if (value !== undefined) {
      assert.equal(toDagJson(decode(block)), value)
      assert.equal(encode(fromDagJson(value)), block)
    }
  })
}
vectors.run()

const codec = suite('codec')

codec('gives back every value it encodes', () => {
  fc.assert(fc.property(anyValue, (value) => assert.equal(decode(encode(value)), value)))
})

codec('accepts only bytes it would write', async () => {
  const originals = readCases<Case>('codec').map(({ bytes }) => bytesOf(bytes))
  const property = fc.asyncProperty(fc.oneof(fc.uint8Array(), mutantsOf(...originals)), async (bytes) => {
    const code = await codeOf(() => decode(bytes))
    if (code === null) assert.equal(encode(decode(bytes)), bytes)
    else assert.match(code, /^codec_(malformed|not_canonical)$/)
  })
  await fc.assert(property, { numRuns: 2000 })
})

codec('survives nesting as deep as a record allows', async () => {
  assert.is(await codeOf(() => decode(new Uint8Array(MAX_RECORD_BYTES).fill(0x81))), 'codec_malformed')
})

codec('refuses to encode what it could not read back', async () => {
  for (const value of [undefined, { a: undefined }, Number.NaN, Infinity, () => 1, 2n ** 64n, '\ufeffkite']) {
    assert.is(await codeOf(() => encode(value)), 'codec_unencodable', String(value))
  }
  assert.is(await codeOf(() => encode('a'.repeat(MAX_RECORD_BYTES))), 'codec_oversize')
})

codec('names blocks as IPFS does', () => {
  // `printf 'hello world' | ipfs block put --cid-codec raw`, and the empty map that many IPLD texts show
  const raw = cidOf(new TextEncoder().encode('hello world'), 'raw')
  assert.is(raw.toString(), 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
  assert.is(cidOf(encode({})).toString(), 'bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua')
  assert.ok(decode(encode({ link: raw })))
  assert.ok((decode(encode({ link: raw })) as { link: CID }).link instanceof CID)
})

codec.run()
