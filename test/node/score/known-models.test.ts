import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkPins, isPresetsModel, pinOf, recipeWith } from '../../../node/score/known-models.ts'

const B32 = 'Xenova/clip-vit-base-patch32'
const test = suite('known models')

function files(...list: [string, string | undefined][]) {
  return list.map(([path, sha256]) => ({ path, sha256: sha256 ?? '', bytes: 1 }))
}

test('the presets’ cosines are right for OpenAI’s ViT-B/32 alone', () => {
  const vision: [string, string | undefined] = [
    'onnx/vision_model.onnx',
    pinOf(B32, 'onnx/vision_model.onnx'),
  ]
  assert.ok(isPresetsModel(files(vision, ['onnx/text_model_q4.onnx', 'not pinned'])))
  const half = ['vision', 'text'].map((t) => `onnx/${t}_model_fp16.onnx`)
  assert.ok(isPresetsModel(files(...half.map((p) => [p, pinOf(B32, p)] as [string, string]))))
  assert.not(isPresetsModel(files([half[0]!, pinOf(B32, half[0]!)], [half[1]!, 'another'])))
  assert.not(
    isPresetsModel(files(['onnx/vision_model.onnx', 'another'], ['onnx/text_model.onnx', 'another'])),
  )
  const b16 = pinOf('Xenova/clip-vit-base-patch16', 'onnx/vision_model.onnx')
  assert.is(b16?.length, 64)
  assert.not(isPresetsModel(files(['onnx/vision_model.onnx', b16])))
  assert.not(isPresetsModel([]))
})

test('a published file with another hash is refused', () => {
  const path = 'onnx/vision_model.onnx'
  checkPins(B32, files([path, pinOf(B32, path)], ['onnx/text_model_q4.onnx', 'not pinned']), 'dir')
  checkPins('someone/else', files([path, 'abc']), 'dir')
  try {
    checkPins(B32, files([path, 'abc']), 'dir')
    assert.unreachable()
  } catch (error) {
    assert.is((error as { code: string }).code, 'model_hash')
    assert.match((error as Error).message, /dir: onnx\/vision_model\.onnx has sha256 abc/)
  }
})

test('a model is recognised by all of its towers', () => {
  const towers = ['onnx/vision_model.onnx', 'onnx/text_model.onnx'].map(
    (path) => [path, pinOf(B32, path)] as [string, string],
  )
  const config: [string, string] = ['config.json', 'any']
  assert.is(recipeWith(files(...towers, config))?.name, 'openai-vit-b-32')
  assert.is(recipeWith(files(towers[0]!, ['onnx/text_model.onnx', 'another'])), undefined)
  assert.is(recipeWith(files(config)), undefined)
})

test.run()
