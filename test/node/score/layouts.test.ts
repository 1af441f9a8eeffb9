import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openScorer } from '../../../node/score/score.ts'
import { type TinyModel, writeTinyModel } from './tiny-model.ts'

const CROP = Uint8Array.from({ length: 48 }, (_, i) => (i * 37) % 256)

const test = suite<{ directory: string }>('model layouts')
test.before.each(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'shoal-layout-'))
})
test.after.each(async ({ directory }) => rm(directory, { recursive: true, force: true }))

async function open(directory: string, model: TinyModel, options: object = {}) {
  await writeTinyModel(directory, model)
  return openScorer(directory, { cacheDir: directory, threads: 1, maxWaitMs: 1, ...options })
}

async function refusal(directory: string, model: TinyModel, options: object = {}) {
  const scorer = await open(directory, model, options).catch((error) => error)
  if (!(scorer instanceof Error)) await scorer.close()
  return scorer
}

/** Channel means after the normalisation, times the weights, and the length taken off. */
function expectedEmbedding(crop: Uint8Array): number[] {
  const means = [0, 1, 2].map((c) => {
    const levels = [...crop].filter((_, i) => i % 3 === c).map((byte) => (byte / 255 - 0.5) / 0.5)
    return levels.reduce((a, b) => a + b) / levels.length
  })
  const raw = [0, 1, 2].map((k) => means.reduce((sum, m, c) => sum + m * ((((c * 3 + k) * 5) % 7) - 2.5), 0))
  return raw.map((v) => v / Math.hypot(...raw))
}

test('embeddings are the towers’ own, normalised', async ({ directory }) => {
  const scorer = await open(directory, {})
  const { embedding, similarity } = await scorer.score(CROP, 'red flag')
  const wanted = expectedEmbedding(CROP)
  for (const [k, value] of wanted.entries()) assert.ok(Math.abs(embedding[k]! - value) < 1e-6)
  // ids 1 4 10 2: the largest of (id * k) % 11 - 4 over k = 1, 3, 5
  const text = [10 - 4, 8 - 4, 10 - 4]
  const cosine = wanted.reduce((sum, v, k) => sum + v * text[k]!, 0) / Math.hypot(...text)
  assert.ok(Math.abs(similarity - cosine) < 1e-6, `${similarity} ${cosine}`)
  assert.is(scorer.thresholds, null)
  assert.is(scorer.geometry.mode, 'stretch')
  await scorer.close()
})

test('where padding is part of the model, every text fills the context', async ({ directory }) => {
  const scorer = await open(directory, { text: 'mean' })
  const { similarity } = await scorer.score(CROP, 'red flag')
  const ids = [1, 4, 10, 2, ...Array(16).fill(0)]
  const row = (id: number) => (id === 0 ? [-9, -9, -9] : [1, 3, 5].map((k) => ((id * k) % 11) - 4))
  const text = [0, 1, 2].map((k) => ids.reduce((sum, id) => sum + row(id)[k]!, 0))
  const image = expectedEmbedding(CROP)
  const cosine = image.reduce((sum, v, k) => sum + v * text[k]!, 0) / Math.hypot(...text)
  assert.ok(Math.abs(similarity - cosine) < 1e-6, `${similarity} ${cosine}`)
  await scorer.close()
})

test('a model whose rows depend on their batch is run row by row', async ({ directory }) => {
  const scorer = await open(directory, { isCoupled: true }, { batch: 4 })
  const crops = Array.from({ length: 4 }, (_, i) => CROP.map((byte, k) => byte ^ (i * 31 + k)))
  const together = await Promise.all(crops.map((crop) => scorer.score(crop, 'blue')))
  for (const [i, crop] of crops.entries()) {
    assert.equal((await scorer.score(crop, 'blue')).embedding, together[i]!.embedding)
  }
  await scorer.close()
})

test('a fixed batch of one is run row by row, another one is refused', async ({ directory }) => {
  const scorer = await open(directory, { rows: 1 })
  const scores = await Promise.all([scorer.score(CROP, 'red'), scorer.score(CROP, 'green')])
  assert.equal(scores[0]!.embedding, scores[1]!.embedding)
  await scorer.close()
  assert.is((await refusal(directory, { rows: 4 })).code, 'model_layout')
})

test('output names of other exports', async ({ directory }) => {
  const scorer = await open(directory, { imageOutput: 'pooler_output', textOutput: 'pooler_output' })
  assert.is((await scorer.score(CROP, 'a flag')).embedding.length, 3)
  await scorer.close()
  const error = await refusal(directory, { imageOutput: 'logits' })
  assert.is(error.code, 'model_layout')
  assert.match(error.message, /vision_model\.onnx: has no output .* it has logits/)
})

test('towers that do not fit each other or the configuration are refused', async ({ directory }) => {
  assert.match((await refusal(directory, { imageDimension: 4 })).message, /4 and 3 numbers/)
  const preprocessor = { size: { height: 6, width: 6 }, image_mean: [0, 0, 0], image_std: [1, 1, 1] }
  const error = await refusal(directory, { preprocessor: { ...preprocessor, do_center_crop: false } })
  assert.is(error.code, 'model_layout')
  assert.match(error.message, /\[n,3,4,4\].*\[n,3,6,6\]/)
})

test('numbers that are not finite are refused', async ({ directory }) => {
  const weights = [Number.NaN, 1, 2, 3, 4, 5, 6, 7, 8]
  assert.is((await refusal(directory, { weights })).code, 'model_broken')
})

test('a file that is no model is refused', async ({ directory }) => {
  await writeTinyModel(directory)
  await writeFile(join(directory, 'onnx/text_model.onnx'), 'no protobuf')
  const error = await openScorer(directory, { cacheDir: directory }).catch((e) => e)
  assert.is(error.code, 'model_broken')
  assert.match(error.message, /text_model\.onnx: onnxruntime can't load it/)
})

test('a precision that is not there is refused with those that are', async ({ directory }) => {
  await writeTinyModel(directory, { suffix: '_fp16' })
  const error = await refusal(directory, { suffix: '_quantized' })
  assert.is(error.code, 'model_precision')
  assert.match(error.message, /no onnx\/vision_model\.onnx for precision fp32; it has fp16, quantized$/)
  assert.is((await refusal(directory, {}, { precision: '../fp16' })).code, 'model_precision')
  const scorer = await open(directory, {}, { precision: 'quantized' })
  assert.is(scorer.deviceClass, 'cpu/int8')
  assert.ok(scorer.model.files.some(({ path }) => path === 'onnx/text_model_quantized.onnx'))
  await scorer.close()
})

test('a directory without a model is refused with what it lacks', async ({ directory }) => {
  const error = await openScorer(directory, { cacheDir: directory }).catch((e) => e)
  assert.is(error.code, 'model_missing_file')
  assert.match(error.message, /onnx\/vision_model\.onnx is missing/)
  await writeTinyModel(directory)
  await rm(join(directory, 'tokenizer.json'))
  const second = await openScorer(directory, { cacheDir: directory }).catch((e) => e)
  assert.is(second.code, 'model_missing_file')
  assert.match(second.message, /tokenizer\.json is missing/)
})

test('thresholds come from shoal.json alone', async ({ directory }) => {
  await writeTinyModel(directory)
  const write = (shoal: object) => writeFile(join(directory, 'shoal.json'), JSON.stringify(shoal))
  const similarity = { default: 0.1, languages: { en: 0.2 } }
  await write({ name: 'tiny', similarity })
  const scorer = await openScorer(directory, { cacheDir: directory })
  assert.equal(scorer.thresholds, similarity)
  assert.is(scorer.model.repo, 'tiny')
  await scorer.close()
  for (const broken of [
    { similarity },
    { name: 'x', similarity: { default: 2, languages: {} } },
    { name: 'x', golden: [1] },
  ]) {
    await write(broken)
    assert.is((await openScorer(directory, { cacheDir: directory }).catch((e) => e)).code, 'model_config')
  }
})

test.run()
