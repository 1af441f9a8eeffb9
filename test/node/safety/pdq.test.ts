import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import sharp, { type Sharp } from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hashPdq, hashTurned } from '../../../node/images/pdq.ts'
import { indexPdq } from '../../../node/safety/pdq-index.ts'
import { turnPdq } from '../../../node/safety/turn-pdq.ts'
import { packHashes } from '../../../protocol/rules/hash-set.ts'

const pdq = suite('PDQs of a list')
const PHOTOS = fileURLToPath(new URL('../../../../shared/photos/coral/', import.meta.url))

const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 })

function flip(hash: Uint8Array, bits: readonly number[]): Uint8Array {
  const flipped = hash.slice()
  for (const bit of bits) flipped[bit >> 3]! ^= 1 << (bit & 7)
  return flipped
}

/** so many that they are looked up by their pieces, not one by one */
const many = packHashes(
  Uint8Array.from({ length: 32 * 3_000 }, (_, i) => Math.imul(i + 1, 2_654_435_761) >>> 24),
)

pdq('are found up to 31 bits off, and never beyond', () => {
  const find = indexPdq(many)
  const row = fc.integer({ min: 0, max: many.length / 32 - 1 })
  const bits = (length: number) => fc.uniqueArray(fc.nat(255), { minLength: length, maxLength: length })
  fc.assert(
    fc.property(row, fc.nat(31).chain(bits), (at, flipped) => {
      assert.ok(find(flip(many.subarray(32 * at, 32 * at + 32), flipped)))
    }),
  )
  const one = indexPdq(packHashes(new Uint8Array(32)))
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 256 }).chain(bits), (flipped) => {
      assert.is(one(flip(new Uint8Array(32), flipped)), flipped.length <= 31)
    }),
  )
})

pdq('are found as a look at each would find them', () => {
  const find = indexPdq(many)
  const bits = (a: Uint8Array, at: number) =>
    a.reduce((sum, byte, i) => sum + (byte ^ many[at + i]!).toString(2).replaceAll('0', '').length, 0)
  fc.assert(
    fc.property(
      hashes,
      fc.nat(many.length / 32 - 1),
      fc.array(fc.nat(255), { maxLength: 60 }),
      (any, at, flips) => {
        for (const query of [any, flip(many.subarray(32 * at, 32 * at + 32), flips)]) {
          let least = 256
          for (let from = 0; from < many.length; from += 32) least = Math.min(least, bits(query, from))
          assert.is(find(query), least <= 31)
        }
      },
    ),
    { numRuns: 8 },
  )
})

pdq('are turned in eight ways, which undo each other', () => {
  fc.assert(
    fc.property(hashes, (hash) => {
      const turned = turnPdq(hex(hash)).map(hex)
      assert.is(turned[0], hex(hash))
      assert.is(turned.length, 8)
      for (const one of turned) assert.ok(turnPdq(one).map(hex).includes(hex(hash)))
    }),
  )
})

pdq('are nearly those of pictures that are turned', async () => {
  if (!existsSync(PHOTOS)) return console.log(`skipped: ${PHOTOS} is not here`)
  let near = 0
  let all = 0
  const photos = (await readdir(PHOTOS)).filter((name) => /\.(?:jpg|png)$/.test(name)).sort()
  for (const name of photos.slice(0, 2)) {
    const photo = await sharp(await readFile(join(PHOTOS, name)))
      .resize(512, 512, { fit: 'inside' })
      .png()
      .toBuffer()
    const turned = indexPdq(packHashes(Buffer.concat(turnPdq(await hashOf(sharp(photo))))))
    for (const angle of [90, 180, 270])
      for (const mirrored of [false, true]) {
        const picture = sharp(await sharp(photo).rotate(angle).toBuffer()).flop(mirrored)
        if (turned(Buffer.from(await hashOf(picture), 'hex'))) near++
        all++
      }
  }
  assert.ok(near >= 0.8 * all, `${near} of ${all}`)
})

pdq('of a picture that is at hand are those of it turned', () => {
  for (const [width, height] of [
    [300, 200],
    [512, 512],
    [700, 1300],
  ] as const) {
    const at = (x: number, y: number) =>
      128 +
      50 * Math.sin(x / 23 + (y * y) / 9_000) +
      40 * Math.cos((x * y) / 12_000) +
      30 * Math.sin(y / 31 - x / 90)
    const turned = hashTurned(draw(width, height, at), width, height)
    assert.is(turned.length, 8)
    assert.is(turned[0], hashPdq(draw(width, height, at), width, height).hash)
    const pictures = [
      draw(width, height, (x, y) => at(width - 1 - x, y)),
      draw(width, height, (x, y) => at(x, height - 1 - y)),
      draw(width, height, (x, y) => at(width - 1 - x, height - 1 - y)),
    ].map((rgb) => hashPdq(rgb, width, height).hash)
    const upended = [
      draw(height, width, (x, y) => at(y, x)),
      draw(height, width, (x, y) => at(width - 1 - y, x)),
      draw(height, width, (x, y) => at(y, height - 1 - x)),
      draw(height, width, (x, y) => at(width - 1 - y, height - 1 - x)),
    ].map((rgb) => hashPdq(rgb, height, width).hash)
    for (const hash of [...pictures, ...upended]) assert.ok(turned.includes(hash), `${width}×${height}`)
  }
})

function draw(width: number, height: number, at: (x: number, y: number) => number): Uint8Array {
  const rgb = new Uint8Array(3 * width * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rgb.fill(at(x, y), 3 * (y * width + x), 3 * (y * width + x) + 3)
  return rgb
}

async function hashOf(picture: Sharp): Promise<string> {
  const { data, info } = await picture
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  return hashPdq(data, info.width, info.height).hash
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

pdq.run()
