import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fillPlanes, tabulateLevels } from '../../../node/score/preprocess.ts'

const VECTORS = new URL('../../../../shared/vectors/', import.meta.url)
const CLIP = {
  rescale: 1 / 255,
  mean: [0.48145466, 0.4578275, 0.40821073] as [number, number, number],
  std: [0.26862954, 0.26130258, 0.27577711] as [number, number, number],
}
const test = suite('preprocess')

test('bytes become planes, whatever their number and alignment', () => {
  const table = tabulateLevels(CLIP)
  for (const [pixels, offset] of [
    [16, 0],
    [16, 1],
    [9, 0],
    [7, 4],
    [3, 3],
    [1, 0],
  ] as const) {
    const memory = Uint8Array.from({ length: 3 * pixels + offset }, (_, i) => (i * 89 + 13) % 256)
    const rgb = memory.subarray(offset)
    const planes = new Float32Array(3 * pixels + 4).fill(7)
    fillPlanes(table, rgb, planes, 2)
    const wanted = [0, 1, 2].flatMap((c) =>
      Array.from({ length: pixels }, (_, i) => (rgb[3 * i + c]! / 255 - CLIP.mean[c]!) / CLIP.std[c]!),
    )
    for (const [i, value] of [7, 7, ...wanted, 7, 7].entries()) {
      assert.ok(Math.abs(planes[i]! - value) < 1e-6, `${pixels} pixels at ${offset}: ${i}`)
    }
  }
})

test('MobileCLIP’s levels are the byte over 255, and unscaled ones the byte', () => {
  const plain = { mean: [0, 0, 0] as [number, number, number], std: [1, 1, 1] as [number, number, number] }
  assert.is(tabulateLevels({ rescale: 1 / 255, ...plain })[256 + 51], Math.fround(51 * Math.fround(1 / 255)))
  assert.is(tabulateLevels({ rescale: 1, ...plain })[512 + 200], 200)
})

test('means and deviations are those of the reference', async () => {
  const file = await readFile(new URL('clip-preprocess.json', VECTORS), 'utf8').catch(() => null)
  if (file === null) {
    console.log(`skipped: no ${fileURLToPath(VECTORS)}`)
    return
  }
  const { vectors } = JSON.parse(file) as { vectors: { crop: string; mean: number[]; std: number[] }[] }
  assert.ok(vectors.length > 3)
  for (const { crop, mean, std } of vectors) {
    const picture = await readFile(new URL(`clip-preprocess/${crop}`, VECTORS))
    const rgb = await sharp(picture).removeAlpha().raw().toBuffer()
    const planes = new Float32Array(rgb.length)
    fillPlanes(tabulateLevels(CLIP), rgb, planes, 0)
    for (let c = 0; c < 3; c++) {
      const plane = planes.subarray((c * rgb.length) / 3, ((c + 1) * rgb.length) / 3)
      const average = plane.reduce((a, b) => a + b) / plane.length
      const deviation = Math.sqrt(plane.reduce((a, b) => a + (b - average) ** 2, 0) / plane.length)
      assert.ok(Math.abs(average - mean[c]!) < 2e-4, `${crop} mean ${c}: ${average} ${mean[c]}`)
      assert.ok(Math.abs(deviation - std[c]!) < 2e-4, `${crop} deviation ${c}: ${deviation} ${std[c]}`)
    }
  }
})

test.run()
