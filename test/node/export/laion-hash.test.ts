import { murmur364 } from '@multiformats/murmur3'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { laionHash } from '../../../node/export/laion-hash.ts'

const hashes = suite("LAION's hash")

hashes('is the first half of MurmurHash3 x64 128, of texts of any length', () => {
  const texts = fc.string({ unit: 'binary', maxLength: 80 })
  const check = (text: string) => {
    const digest = murmur364.encode(new TextEncoder().encode(text)) as Uint8Array
    const wanted = new DataView(digest.buffer, digest.byteOffset).getBigInt64(0)
    assert.is(laionHash(text), wanted, JSON.stringify(text))
  }
  for (let length = 0; length < 70; length++) check('\u00ff'.repeat(length >> 1) + 'x'.repeat(length & 1))
  fc.assert(fc.property(texts, check), { numRuns: 2_000 })
})

hashes.run()
