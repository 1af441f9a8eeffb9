import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_CONFIG_BYTES, type ModelConfig, readModelConfig } from '../../../node/score/model-config.ts'

const LEVELS = { image_mean: [0.5, 0.5, 0.5], image_std: [0.25, 0.25, 0.25] }

const test = suite<{ directory: string }>('model configuration')
test.before.each(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'shoal-config-'))
})
test.after.each(async ({ directory }) => rm(directory, { recursive: true, force: true }))

async function read(directory: string, preprocessor: object, config: object = {}, tokenizer?: object) {
  await writeFile(join(directory, 'preprocessor_config.json'), JSON.stringify(preprocessor))
  await writeFile(join(directory, 'config.json'), JSON.stringify(config))
  if (tokenizer) await writeFile(join(directory, 'tokenizer_config.json'), JSON.stringify(tokenizer))
  return readModelConfig(directory)
}

test('CLIP crops the centre', async ({ directory }) => {
  const { geometry, levels } = await read(directory, {
    image_processor_type: 'CLIPImageProcessor',
    size: { shortest_edge: 256 },
    crop_size: { height: 224, width: 224 },
    do_center_crop: true,
    resample: 3,
    ...LEVELS,
  })
  assert.equal(geometry, { mode: 'crop', resize: 256, width: 224, height: 224, kernel: 'cubic' })
  assert.equal(levels, { rescale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] })
})

test('old files give sizes as numbers and no type', async ({ directory }) => {
  const { geometry } = await read(directory, { size: 224, crop_size: 224, resample: 2, ...LEVELS })
  assert.equal(geometry, { mode: 'crop', resize: 224, width: 224, height: 224, kernel: 'linear' })
})

test('SigLIP stretches', async ({ directory }) => {
  const { geometry } = await read(directory, {
    image_processor_type: 'SiglipImageProcessor',
    size: { height: 384, width: 256 },
    resample: 1,
    ...LEVELS,
  })
  assert.equal(geometry, { mode: 'stretch', resize: 256, width: 256, height: 384, kernel: 'lanczos3' })
  const square = await read(directory, { do_center_crop: false, size: 256, resample: 0, ...LEVELS })
  assert.equal(square.geometry, { mode: 'stretch', resize: 256, width: 256, height: 256, kernel: 'nearest' })
  const whole = { height: 224, width: 224 }
  const cropped = await read(directory, { do_center_crop: true, size: whole, crop_size: whole, ...LEVELS })
  assert.is(cropped.geometry.mode, 'stretch')
})

test('MobileCLIP has no mean and a deviation of 1, or does not normalise', async ({ directory }) => {
  const zero = await read(directory, { size: 256, image_mean: [0, 0, 0], image_std: [1, 1, 1] })
  const none = await read(directory, { size: 256, do_normalize: false, ...LEVELS })
  for (const { levels } of [zero, none]) {
    assert.equal(levels, { rescale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] })
  }
  const raw = await read(directory, { size: 256, do_rescale: false, do_normalize: false })
  assert.is(raw.levels.rescale, 1)
})

test('the context is the least that the files say, and CLIP’s 77 where they say none', async ({
  directory,
}) => {
  const preprocessor = { size: 224, ...LEVELS }
  const text_config = { max_position_embeddings: 64, pad_token_id: 1 }
  const context = (c: ModelConfig) => [c.context, c.padId]
  assert.equal(context(await read(directory, preprocessor)), [77, null])
  assert.equal(context(await read(directory, preprocessor, { text_config })), [64, 1])
  assert.equal(context(await read(directory, preprocessor, {}, { model_max_length: 1e30 })), [77, null])
  assert.equal(
    context(await read(directory, preprocessor, { text_config }, { model_max_length: 32 })),
    [32, 1],
  )
})

test('what cannot be done is refused by name', async ({ directory }) => {
  for (const [preprocessor, message] of [
    [{ do_resize: false }, /do_resize is false/],
    [{ resample: 4 }, /resample 4 is none of/],
    [{ resample: '__proto__' }, /resample __proto__ is none of/],
    [{ size: { height: 256, width: 256 }, crop_size: 224 }, /crop_size differs/],
    [{ size: 200, crop_size: 224 }, /shortest_edge 200/],
    [{ size: { longest_edge: 224 } }, /crop_size is no size/],
    [{ size: 1e6, crop_size: 1e6 }, /no size of 1 to 1024/],
    [{ size: 224.5 }, /no size/],
    [{ size: 224, image_mean: [1, 2] }, /image_mean is not three numbers/],
    [{ size: 224, image_mean: [0, 0, 0], image_std: [1, 0, 1] }, /image_std is not three/],
    [{ size: 224, rescale_factor: -1 }, /rescale_factor/],
  ] as const) {
    const error = await read(directory, preprocessor).catch((e) => e)
    assert.is(error.code, 'model_config', JSON.stringify(preprocessor))
    assert.match(error.message, message)
    assert.match(error.message, /preprocessor_config\.json: /)
  }
})

test('files that are no JSON objects, or far too long, are refused by name', async ({ directory }) => {
  await read(directory, { size: 224, ...LEVELS })
  const config = join(directory, 'config.json')
  for (const content of ['{', '[]', 'null', '']) {
    await writeFile(config, content)
    const error = await readModelConfig(directory).catch((e) => e)
    assert.is(error.code, 'model_config', content)
    assert.match(error.message, /config\.json: /)
  }
  await truncate(config, MAX_CONFIG_BYTES + 1)
  assert.match((await readModelConfig(directory).catch((e) => e)).message, /more than the limit/)
  await rm(config)
  assert.is((await readModelConfig(directory).catch((e) => e)).code, 'model_config')
})

test.run()
