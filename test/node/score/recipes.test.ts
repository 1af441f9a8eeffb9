import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseModelId } from '../../../node/score/download-model.ts'
import { sourcePath } from '../../../node/score/known-models.ts'
import { namePaths } from '../../../node/score/model-files.ts'
import { RECIPES, recipeOf } from '../../../node/score/recipes.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'

const test = suite('recipes')

test('each is of a repository, with hashes of files that a model has', () => {
  assert.is(new Set(RECIPES.map(({ name }) => name)).size, RECIPES.length)
  for (const { name, repo, revision, bytes, pins, dimension } of RECIPES) {
    assert.match(name, /^[a-z0-9-]+$/)
    assert.equal(parseModelId(`hf:${repo}@${revision}`), { repo, revision })
    assert.match(revision, /^(?:[0-9a-f]{40}|main)$/)
    const paths = Object.keys(bytes).flatMap((precision) => {
      const { vision, text, required } = namePaths(precision)
      return [vision, text, ...required]
    })
    for (const [path, sha256] of Object.entries(pins)) {
      assert.ok(paths.includes(path), `${name}: ${path}`)
      assert.match(sha256, /^[0-9a-f]{64}$/)
    }
    assert.is(new Set(Object.values(pins)).size, Object.values(pins).length)
    assert.ok(bytes.fp32! > 1e8 && dimension >= 512)
  }
})

test('thresholds are those of presets, and only of the model they were published for', () => {
  const known = RECIPES.filter(({ thresholds }) => thresholds !== null)
  assert.equal(
    known.map(({ name }) => name),
    ['openai-vit-b-32'],
  )
  for (const [preset, thresholds] of Object.entries(known[0]!.thresholds!))
    assert.equal(PRESETS[preset]?.similarity, thresholds)
})

test('a file of open_clip’s layout lies elsewhere', () => {
  const { repo } = recipeOf('laion-vit-b-32')!
  assert.is(sourcePath(repo, 'onnx/vision_model.onnx'), 'visual/model.onnx')
  assert.is(sourcePath(repo, 'config.json'), 'config.json')
  assert.is(sourcePath('Xenova/clip-vit-base-patch32', 'tokenizer.json'), 'tokenizer.json')
  assert.is(sourcePath('some/other', 'tokenizer.json'), 'tokenizer.json')
})

test.run()
