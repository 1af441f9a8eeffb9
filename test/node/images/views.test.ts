import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startDecoder } from '../../../node/images/images.ts'
import type { FilterRules } from '../../../protocol/rules/filter.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'

const views = suite('further views of a picture')
const decoder = startDecoder({ threads: 1 })
views.after(() => decoder.close())

const rules: FilterRules = {
  ...PRESETS['laion-5b']!,
  image: { minBytes: 0, maxPixels: 1e8, formats: ['jpeg', 'png'], minSide: 0, maxAspect: null },
}
const crop = { mode: 'crop', resize: 32, width: 32, height: 32, kernel: 'cubic' } as const

/** Four columns of as many pixels: red, green, blue, white. */
async function columns(width: number, height: number): Promise<Uint8Array> {
  const colours = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
    [255, 255, 255],
  ]
  const data = new Uint8Array(3 * width * height)
  for (let i = 0; i < width * height; i++) data.set(colours[Math.floor(((i % width) * 4) / width)]!, 3 * i)
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}

const letterAt = (view: Uint8Array, width: number, x: number, y: number) =>
  ({ '255,0,0': 'R', '0,255,0': 'G', '0,0,255': 'B', '255,255,255': 'W', '0,0,0': 'K' })[
    view.subarray(3 * (y * width + x), 3 * (y * width + x) + 3).join()
  ] ?? '?'
/** Along the middle line, and down the middle column. */
const cross = (view: Uint8Array, side: number, at: readonly number[]) => [
  at.map((x) => letterAt(view, side, x, side / 2)).join(''),
  at.map((y) => letterAt(view, side, side / 2 - 4, y)).join(''),
]

views('are stretched, cropped or padded, in the order that they were asked for', async () => {
  const wanted = [
    { fit: 'stretch', width: 32, height: 32 },
    { fit: 'crop', width: 32, height: 32 },
    { fit: 'pad', width: 32, height: 32 },
  ] as const
  // the last is larger than what is decoded whole
  for (const [width, height] of [
    [128, 64],
    [16, 8],
    [2400, 1200],
  ] as const) {
    const result = await decoder.decode(await columns(width, height), crop, rules, wanted)
    assert.ok(result.ok)
    const [stretched, cropped, padded] = result.image.views as [Uint8Array, Uint8Array, Uint8Array]
    assert.equal(cross(stretched, 32, [3, 11, 19, 28]), ['RGBW', 'GGGG'], `${width}`)
    assert.equal(cross(cropped, 32, [3, 11, 20, 28]), ['GGBB', 'GGGG'], `${width}`)
    assert.equal(cross(padded, 32, [3, 11, 19, 28]), ['RGBW', 'KGGK'], `${width}`)
    assert.is(result.image.crop.length, 3 * 32 * 32)
  }
})

views('are none where none is asked for', async () => {
  const result = await decoder.decode(await columns(64, 64), crop, rules)
  assert.ok(result.ok)
  assert.equal(result.image.views, [])
})

views.run()
