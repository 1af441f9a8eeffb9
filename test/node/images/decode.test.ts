import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import sharp, { type Sharp } from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CropGeometry, DecodedImage } from '../../../node/components.ts'
import { startDecoder } from '../../../node/images/decode.ts'
import type { FilterRules } from '../../../protocol/rules/filter.ts'

const shared = new URL('../../../../shared/', import.meta.url)
const decoding = suite('images: decode')
const decoder = startDecoder({ threads: 1 })
decoding.after(() => decoder.close())

const geometry: CropGeometry = { mode: 'crop', resize: 224, width: 224, height: 224, kernel: 'cubic' }
const rules = {
  image: {
    minBytes: 0,
    maxPixels: 89_478_484,
    formats: ['jpeg', 'png', 'webp', 'gif'],
    minSide: 0,
    maxAspect: null,
  },
} as unknown as FilterRules

function judging(image: Partial<FilterRules['image']>): FilterRules {
  return { ...rules, image: { ...rules.image, ...image } }
}

async function decode(bytes: Uint8Array, as = geometry): Promise<DecodedImage> {
  const result = await decoder.decode(bytes, as, rules)
  if (!result.ok) throw new Error(`${result.outcome}: ${result.detail}`)
  return result.image
}

async function refusal(bytes: Uint8Array, by = rules): Promise<string> {
  const result = await decoder.decode(bytes, geometry, by)
  return result.ok ? 'decoded' : `${result.outcome}: ${result.detail}`
}

/** A picture whose four quarters have colours of their own: red, green / blue, white. */
async function quarters(width: number, height: number): Promise<Sharp> {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 255, 255],
      ][(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]!
      data.set(colour, 3 * (y * width + x))
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
}

/** The colours in the middle of the crop's quarters, each as its nearest letter. */
function readQuarters(crop: Uint8Array, side = 224): string {
  const names: [string, number[]][] = [
    ['R', [255, 0, 0]],
    ['G', [0, 255, 0]],
    ['B', [0, 0, 255]],
    ['W', [255, 255, 255]],
    ['K', [0, 0, 0]],
  ]
  return [
    [0.25, 0.25],
    [0.75, 0.25],
    [0.25, 0.75],
    [0.75, 0.75],
  ]
    .map(([x, y]) => {
      const at = 3 * (Math.floor(y! * side) * side + Math.floor(x! * side))
      const near = names.find(([, colour]) =>
        colour.every((value, i) => Math.abs(value - crop[at + i]!) < 40),
      )
      return near?.[0] ?? '?'
    })
    .join('')
}

decoding('fingerprints the file and measures the picture', async () => {
  const bytes = await (await quarters(300, 200)).png().toBuffer()
  const image = await decode(bytes)
  assert.is(image.format, 'png')
  assert.equal([image.width, image.height, image.bytes], [300, 200, bytes.length])
  assert.is(image.sha256, createHash('sha256').update(bytes).digest('hex'))
  assert.is(image.md5, createHash('md5').update(bytes).digest('hex'))
  assert.is(image.crop.length, 224 * 224 * 3)
  assert.is(readQuarters(image.crop), 'RGBW')
})

decoding('gives no hash to a picture without structure', async () => {
  const flat = await sharp({ create: { width: 300, height: 200, channels: 3, background: 'teal' } })
    .png()
    .toBuffer()
  const image = await decode(flat)
  assert.equal([image.pdq, image.pdqQuality], [null, 0])
})

decoding('turns pictures as their EXIF says', async () => {
  const expected = ['RGBW', 'GRWB', 'WBGR', 'BWRG', 'RBGW', 'BRWG', 'WGBR', 'GWRB']
  for (const [i, colours] of expected.entries()) {
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const bytes = await (await quarters(300, 200))
        .withExif({})
        .withMetadata({ orientation: i + 1 })
        .toFormat(format)
        .toBuffer()
      const image = await decode(bytes)
      assert.equal([image.width, image.height], i < 4 ? [300, 200] : [200, 300], `${format} ${i + 1}`)
      assert.is(readQuarters(image.crop), colours, `${format} ${i + 1}`)
    }
  }
})

decoding('turns pictures that are shrunk while they are read', async () => {
  const bytes = await (await quarters(2100, 1400)).withMetadata({ orientation: 6 }).jpeg().toBuffer()
  const image = await decode(bytes)
  assert.equal([image.width, image.height], [1400, 2100])
  assert.is(readQuarters(image.crop), 'BRWG')
})

decoding('reads every kind of pixel', async () => {
  const picture = await (await quarters(320, 240)).png().toBuffer()
  const kinds: Record<string, Promise<Buffer>> = {
    baseline: sharp(picture).jpeg({ quality: 95 }).toBuffer(),
    progressive: sharp(picture).jpeg({ quality: 95, progressive: true }).toBuffer(),
    'sixteen bits': sharp(picture).toColourspace('rgb16').png().toBuffer(),
    palette: sharp(picture).png({ palette: true }).toBuffer(),
    interlaced: sharp(picture).png({ progressive: true }).toBuffer(),
    opaque: sharp(picture).ensureAlpha().png().toBuffer(),
    lossy: sharp(picture).webp().toBuffer(),
    lossless: sharp(picture).webp({ lossless: true }).toBuffer(),
    gif: sharp(picture).gif().toBuffer(),
  }
  for (const [name, bytes] of Object.entries(kinds)) {
    assert.is(readQuarters((await decode(await bytes)).crop), 'RGBW', name)
  }
  const cmyk = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'white' } })
    .toColourspace('cmyk')
    .jpeg()
    .toBuffer()
  assert.is(readQuarters((await decode(cmyk)).crop), 'WWWW')
})

decoding('ignores embedded profiles, as the reference does', async () => {
  const picture = await (await quarters(320, 240)).png().toBuffer()
  const wide = await sharp(picture).withIccProfile('p3').webp({ lossless: true }).toBuffer()
  const plain = await sharp(wide, { ignoreIcc: true }).webp({ lossless: true }).toBuffer()
  assert.ok((await sharp(wide).metadata()).hasProfile && !(await sharp(plain).metadata()).hasProfile)
  assert.equal((await decode(wide)).crop, (await decode(plain)).crop)
})

decoding('takes sixteen bits and grey to the same eight', async () => {
  const ramp = Uint16Array.from({ length: 256 * 256 }, (_, i) => (i % 256) * 257)
  const grey = sharp(ramp, { raw: { width: 256, height: 256, channels: 1 } })
  const as = { mode: 'stretch', resize: 256, width: 256, height: 256, kernel: 'nearest' } as const
  for (const bytes of [
    await grey.clone().toColourspace('grey16').png().toBuffer(),
    await grey.png().toBuffer(),
  ]) {
    const { crop } = await decode(bytes, as)
    for (let x = 0; x < 256; x++) {
      assert.equal(new Set(crop.subarray(3 * x, 3 * x + 3)).size, 1)
      assert.ok(Math.abs(crop[3 * x]! - x) <= 1, `${x} became ${crop[3 * x]}`)
    }
  }
})

decoding('lays transparency over white', async () => {
  const clear = sharp({
    create: { width: 64, height: 64, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
  })
  for (const format of ['png', 'webp', 'gif'] as const) {
    const { crop } = await decode(await clear.clone().toFormat(format).toBuffer())
    assert.is(readQuarters(crop), 'WWWW', format)
  }
})

decoding('takes the first frame of an animation', async () => {
  const frames = await Promise.all(
    ['red', 'blue'].map((background) =>
      sharp({ create: { width: 90, height: 60, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  )
  for (const format of ['gif', 'webp'] as const) {
    const image = await decode(
      await sharp(frames, { join: { animated: true } })
        .toFormat(format)
        .toBuffer(),
    )
    assert.equal([image.width, image.height], [90, 60])
    assert.is(readQuarters(image.crop), 'RRRR', format)
  }
})

decoding('crops the middle, or stretches the whole', async () => {
  const wide = await (await quarters(900, 100)).png().toBuffer()
  assert.is(readQuarters((await decode(wide)).crop), 'RGBW')
  const bars = sharp(
    Uint8Array.from({ length: 900 * 3 }, (_, i) => (i % 3 === Math.floor(i / 900) ? 255 : 0)),
    { raw: { width: 900, height: 1, channels: 3 } },
  )
  const bytes = await bars.resize(900, 100, { fit: 'fill' }).png().toBuffer()
  assert.is(readQuarters((await decode(bytes)).crop), 'GGGG')
  const stretched = await decode(bytes, { ...geometry, mode: 'stretch' })
  assert.is(readQuarters(stretched.crop), 'RBRB')
  const small = await decode(bytes, { ...geometry, resize: 64, width: 48, height: 32 })
  assert.is(small.crop.length, 48 * 32 * 3)
})

decoding('crops strips of any proportion', async () => {
  for (const [width, height] of [
    [65_500, 1],
    [1, 30_000],
    [20_000, 150],
    [1, 1],
  ] as const) {
    const bytes = await sharp({ create: { width, height, channels: 3, background: 'blue' } })
      .png()
      .toBuffer()
    const image = await decode(bytes)
    assert.equal([image.width, image.height], [width, height])
    assert.is(readQuarters(image.crop), 'BBBB', `${width}×${height}`)
  }
})

decoding('judges the file, then the format, then the header', async () => {
  const bytes = await (await quarters(600, 200)).jpeg().toBuffer()
  const half = bytes.subarray(0, bytes.length / 2)
  assert.is(await refusal(half, judging({ minBytes: 99_999 })), `image_small: ${half.length} bytes`)
  assert.is(await refusal(half, judging({ formats: ['png'] })), 'image_format: jpeg')
  assert.is(await refusal(half, judging({ maxPixels: 119_999 })), 'image_pixels: 600×200')
  assert.is(await refusal(half, judging({ minSide: 201 })), 'image_side: 600×200')
  assert.is(await refusal(half, judging({ maxAspect: 2.9 })), 'image_aspect: 600×200')
  assert.is(await refusal(half), 'image_broken: VipsJpeg: premature end of JPEG image')
  assert.is(await refusal(bytes, judging({ maxPixels: 120_000, minSide: 200, maxAspect: 3 })), 'decoded')
})

decoding('names what is no picture it reads', async () => {
  const files: Record<string, string> = {
    'svg ': `${'<!---->'.repeat(250)}<svg>`,
    svg: '<?xml version="1.0"?>\n<!-- drawn by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    'unknown ': '<!---->'.repeat(500),
    html: '\n<!DOCTYPE html><title>404</title>',
    xml: '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    json: '{"error": "gone"}',
    avif: '\0\0\0\x20ftypavif\0\0\0\0',
    tiff: 'II*\0\x08\0\0\0',
    bmp: 'BM\x46\0\0\0\0\0\0\0\x36\0\0\0',
    ico: '\0\0\x01\0\x01\0',
    pdf: '%PDF-1.7',
    unknown: 'no picture at all',
    empty: '',
  }
  for (const [name, content] of Object.entries(files)) {
    assert.is(await refusal(Buffer.from(content, 'latin1')), `image_format: ${name.trim()}`)
  }
})

decoding('agrees with the reference crops', async () => {
  if (!existsSync(shared)) return console.log('  skipped: no ../shared')
  const file = (path: string) => readFileSync(new URL(path, shared))
  const cases: { vectors: { file: string; crop: string; width: number; height: number }[] } = JSON.parse(
    file('vectors/clip-preprocess.json').toString(),
  )
  for (const { file: name, crop: expected, width, height } of cases.vectors) {
    const reference = await sharp(file(`vectors/clip-preprocess/${expected}`))
      .removeAlpha()
      .raw()
      .toBuffer()
    const image = await decode(file(`photos/coral/${name}`))
    assert.equal([image.width, image.height], [width, height])
    const difference = meanDifference(image.crop, reference)
    assert.ok(difference <= 0.4, `${name}: ${difference} of 255`)
    const large = await sharp(file(`photos/coral/${name}`))
      .resize(4 * width, 4 * height, { kernel: 'nearest' })
      .jpeg({ quality: 95 })
      .toBuffer()
    const shrunk = meanDifference((await decode(large)).crop, reference)
    assert.ok(shrunk <= 0.8, `${name}, fourfold: ${shrunk} of 255`)
  }
})

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  assert.is(a.length, b.length)
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length
}

decoding("leaves the caller's bytes alone", async () => {
  const bytes = await (await quarters(300, 200)).jpeg().toBuffer()
  const whole = new Uint8Array(bytes)
  const view = new Uint8Array([0, ...bytes]).subarray(1)
  for (const each of [whole, view]) {
    await decode(each)
    assert.equal(each, new Uint8Array(bytes))
  }
})

decoding('is not disturbed by decoders that start and stop', async () => {
  const bytes = await (await quarters(300, 200)).jpeg().toBuffer()
  const others = Array.from({ length: 3 }, async () => {
    const other = startDecoder({ threads: 1 })
    const result = await other.decode(bytes, geometry, rules)
    await other.close()
    return result.ok
  })
  const own = Array.from({ length: 60 }, async () => (await decoder.decode(bytes, geometry, rules)).ok)
  assert.equal([...new Set(await Promise.all([...others, ...own]))], [true])
})

decoding('leaves libvips no way to other formats in this process', async () => {
  const [picture] = await Promise.allSettled([sharp(Buffer.from('<svg width="9" height="9"/>')).metadata()])
  assert.is(picture.status, 'rejected')
})

decoding('ends in an outcome where a thread throws', async () => {
  const result = await decoder.decode(new Uint8Array(9), geometry, {} as FilterRules)
  assert.is(result.ok ? 'decoded' : result.outcome, 'image_broken')
})

decoding('refuses a crop larger than its picture', async () => {
  try {
    await decoder.decode(new Uint8Array(9), { ...geometry, width: 225 }, rules)
    assert.unreachable('decoded')
  } catch (error) {
    assert.is((error as { code?: string }).code, 'geometry_invalid')
  }
})

decoding('rejects what is cut off by closing, rather than calling it broken', async () => {
  const closing = startDecoder({ threads: 1 })
  const bytes = await (await quarters(2000, 1500)).png().toBuffer()
  const pending = Array.from({ length: 8 }, () => closing.decode(bytes, geometry, rules))
  const settled = Promise.allSettled([
    ...pending,
    closing.close().then(() => closing.decode(bytes, geometry, rules)),
  ])
  const codes = (await settled).map((each) =>
    each.status === 'fulfilled'
      ? each.value && (each.value.ok ? 'ok' : each.value.outcome)
      : each.reason.code,
  )
  assert.ok(
    codes.every((code) => code === 'ok' || code === 'decoder_closed'),
    codes.join(),
  )
  assert.is(codes.at(-1), 'decoder_closed')
})

decoding.run()
