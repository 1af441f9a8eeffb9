import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DecodeResult, Scorer } from '../../../node/components.ts'
import { calibrateTags } from '../../../node/look/look.ts'
import { CONCEPTS, TAGS } from '../../../protocol/rules/tags.ts'
import { codeOf } from '../with-node.ts'

const calibrating = suite('calibration of tags')
let dir = ''
calibrating.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-calibrate-'))
})
calibrating.after(() => rm(dir, { recursive: true, force: true }))

/** Knows screenshots alone: a picture is a byte, and the larger the more it is one. */
const scorer = {
  geometry: { mode: 'crop', resize: 1, width: 1, height: 1, kernel: 'cubic' },
  model: { repo: 'seer', files: [{ path: 'model.onnx', sha256: 'ab'.repeat(32), bytes: 1 }] },
  embed: async (side: { text: string } | { crop: Uint8Array }) => {
    if ('text' in side)
      return Float32Array.from(CONCEPTS.screenshot.positive.includes(side.text) ? [1, 0] : [0, 1])
    const angle = ((1 - side.crop[0]! / 255) * Math.PI) / 2
    return Float32Array.from([Math.cos(angle), Math.sin(angle)])
  },
} as unknown as Scorer
const images = {
  decode: async (crop: Uint8Array): Promise<DecodeResult> =>
    crop.length === 1
      ? ({ ok: true, image: { crop } } as DecodeResult)
      : { ok: false, outcome: 'image_broken', detail: 'no byte', sha256: null },
}

const calibrate = async (lines: readonly string[]) => {
  const path = join(dir, 'labels.jsonl')
  await writeFile(path, lines.join('\n'))
  return calibrateTags(path, { scorer, images })
}

calibrating('gives a threshold to what the model tells, and none to the rest', async () => {
  const lines: string[] = []
  for (let byte = 0; byte < 40; byte++) {
    const isScreenshot = byte >= 20
    await writeFile(join(dir, `${byte}.png`), Uint8Array.of(isScreenshot ? 200 + byte : byte))
    const tags = [...(isScreenshot ? ['screenshot'] : []), ...(byte % 2 === 0 ? ['watermark'] : [])]
    lines.push(JSON.stringify({ image: `${byte}.png`, tags }))
  }
  await writeFile(join(dir, 'broken.png'), 'broken')
  lines.push(JSON.stringify({ image: 'broken.png', tags: [] }), '', '{"image":"missing.png","tags":[]}')
  const { file, chosen, pictures, unread } = await calibrate(lines)
  assert.is(pictures, 40)
  assert.equal(
    unread.map(({ image }) => image),
    ['broken.png', 'missing.png'],
  )
  const { screenshot, watermark, minor } = chosen
  assert.equal([screenshot.precision, screenshot.recall], [1, 1])
  assert.ok(screenshot.threshold! > -0.8 && screenshot.threshold! < 0.6)
  // half of either kind: whoever tags all is right half of the time
  assert.is(watermark.threshold, null)
  assert.ok(watermark.precision! < 0.6)
  assert.equal(minor, { threshold: null, positives: 0, negatives: 40, precision: null, recall: null })
  assert.equal(Object.keys(file.thresholds), [...TAGS])
  assert.is(file.thresholds.screenshot, screenshot.threshold)
  assert.equal(file.model, scorer.model)
})

calibrating('labels that are none are told by their line', async () => {
  for (const line of [
    'no json',
    '[]',
    '{"image":"a.png"}',
    '{"image":"","tags":[]}',
    '{"image":"a","tags":["cats"]}',
  ])
    assert.is(await codeOf(calibrate([line])), 'tags_labels', line)
  assert.is(await codeOf(calibrate([])), 'tags_labels')
  assert.is(await codeOf(calibrateTags(join(dir, 'nowhere'), { scorer, images })), 'tags_labels')
  await calibrate(['{"image":"missing.png","tags":[]}', 'x']).then(
    () => assert.unreachable(),
    ({ message }) => assert.match(message, 'line 2'),
  )
})

calibrating.run()
