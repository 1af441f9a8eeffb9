import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CropGeometry } from '../../../node/components.ts'
import { cropPixels } from '../../../node/images/pixels.ts'
import { referenceCrops } from '../../../node/score/reference.ts'

const GEOMETRIES: readonly CropGeometry[] = [
  { mode: 'crop', resize: 224, width: 224, height: 224, kernel: 'cubic' },
  { mode: 'crop', resize: 336, width: 336, height: 336, kernel: 'cubic' },
  { mode: 'crop', resize: 256, width: 256, height: 256, kernel: 'linear' },
  { mode: 'stretch', resize: 256, width: 256, height: 256, kernel: 'linear' },
  { mode: 'stretch', resize: 224, width: 224, height: 224, kernel: 'cubic' },
]
const test = suite('enlarge')

test('small pictures become what Pillow makes of them', async () => {
  let enlarged = 0
  for (const geometry of GEOMETRIES) {
    const reference = await referenceCrops(geometry)
    assert.ok(reference)
    const { step } = reference
    for (const { source, samples, isEnlarged } of reference.crops) {
      if (!('rgb' in source) || !isEnlarged) continue
      const size = { width: source.width, height: source.height }
      const crop = await cropPixels({ data: source.rgb, ...size }, size, geometry)
      const offs: number[] = []
      for (let y = 0, i = 0; y < geometry.height; y += step)
        for (let x = 0; x < geometry.width; x += step)
          for (let c = 0; c < 3; c++)
            offs.push(Math.abs(crop[3 * (y * geometry.width + x) + c]! - samples[i++]!))
      // where one edge is shrunk and the other enlarged, libvips has done the one
      const isWhole = geometry.mode === 'crop' || Math.max(size.width, size.height) <= geometry.width
      assert.ok(
        Math.max(...offs) <= (isWhole ? 1 : 8),
        `${size.width} x ${size.height}: ${Math.max(...offs)}`,
      )
      enlarged++
    }
  }
  assert.ok(enlarged > 6)
})

test('a line of pixels fills the crop', async () => {
  const geometry = GEOMETRIES[0]!
  for (const size of [
    { width: 1, height: 1 },
    { width: 1, height: 5000 },
    { width: 7000, height: 1 },
  ]) {
    const data = new Uint8Array(3 * size.width * size.height).fill(77)
    const crop = await cropPixels({ data, ...size }, size, geometry)
    assert.is(crop.length, 3 * 224 * 224)
    assert.ok(crop.every((level) => level === 77))
  }
})

test('a picture of the size that is wanted stays as it is', async () => {
  const size = { width: 224, height: 224 }
  const data = Uint8Array.from({ length: 3 * 224 * 224 }, (_, i) => (i * 31) % 256)
  assert.equal(await cropPixels({ data, ...size }, size, GEOMETRIES[0]!), Buffer.from(data))
})

test.run()
