import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { finderIn, isPacked, packHashes, uniteHashes } from '../../../protocol/rules/hash-set.ts'

const hashSet = suite('hash-set')

/** Of few different bytes, so that many begin alike, and of random ones, so that they lie evenly. */
const hashOf = (width: number) =>
  fc.oneof(
    fc.uint8Array({ minLength: width, maxLength: width }),
    fc
      .array(fc.constantFrom(0, 1, 255), { minLength: width, maxLength: width })
      .map((all) => Uint8Array.from(all)),
  )
const hashesOf = (width: number) => fc.array(hashOf(width), { maxLength: 300, size: 'max' })
const concat = (hashes: Uint8Array[]) => Uint8Array.from(hashes.flatMap((hash) => [...hash]))
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

function listOf(packed: Uint8Array, width: number): string[] {
  return Array.from({ length: packed.length / width }, (_, i) =>
    hex(packed.slice(i * width, (i + 1) * width)),
  )
}

for (const width of [4, 16, 32]) {
  hashSet(`has what it was made of, once and in order, and nothing else: ${width} bytes`, () => {
    fc.assert(
      fc.property(hashesOf(width), hashesOf(width), (inside, others) => {
        const packed = packHashes(concat(inside), width)
        const wanted = new Set(inside.map(hex))
        assert.equal(listOf(packed, width), [...wanted].sort())
        assert.ok(isPacked(packed, width))
        assert.ok(packed.buffer instanceof SharedArrayBuffer)
        const has = finderIn(packed, width)
        for (const hash of [...inside, ...others]) assert.is(has(hash), wanted.has(hex(hash)))
      }),
    )
  })
}

hashSet('sets are united', () => {
  fc.assert(
    fc.property(fc.array(hashesOf(32), { maxLength: 4 }), (all) => {
      const united = uniteHashes(all.map((one) => packHashes(concat(one))))
      assert.equal(listOf(united, 32), [...new Set(all.flat().map(hex))].sort())
    }),
  )
})

hashSet('one that is united with nothing stays what it is', () => {
  const one = packHashes(new Uint8Array(64).fill(1, 32))
  const none = packHashes(new Uint8Array())
  assert.is(uniteHashes([none, one, none]), one)
  assert.is(uniteHashes([one, one]), one)
})

hashSet('what is in no order, twice there or cut short is no set', () => {
  const packed = new Uint8Array(packHashes(concat([new Uint8Array(32), new Uint8Array(32).fill(9)])))
  assert.ok(isPacked(packed))
  assert.not(isPacked(packed.toReversed()))
  assert.not(isPacked(concat([new Uint8Array(32), new Uint8Array(32)])))
  assert.not(isPacked(packed.subarray(1)))
})

hashSet.run()
