import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { manageModels } from '../../node/manage-models.ts'
import { checkModel, EMBEDDED } from '../../node/score/score.ts'
import { writeTinyModel } from './score/tiny-model.ts'

const test = suite<{ dataDir: string }>('check of a model')
test.before.each(async (context) => {
  context.dataDir = await mkdtemp(join(tmpdir(), 'shoal-data-'))
})
test.after.each(({ dataDir }) => rm(dataDir, { recursive: true, force: true }))

test('another tokeniser is found out', async ({ dataDir }) => {
  const copy = join(dataDir, 'copy')
  await mkdir(copy)
  await cp(EMBEDDED, copy, { recursive: true })
  const tokens = JSON.parse(await readFile(join(copy, 'tokenizer.json'), 'utf8'))
  tokens.normalizer = null
  await writeFile(join(copy, 'tokenizer.json'), JSON.stringify(tokens))
  await rm(join(copy, 'shoal.json'))
  const { faults } = await manageModels(dataDir).check(copy, { threads: 2 })
  assert.is(faults.length, 1)
  assert.match(faults[0]!, /of 18 texts have other tokens/)
})

test('another kernel is found out', async ({ dataDir }) => {
  const { crops, faults } = await checkModel(null, {
    cacheDir: dataDir,
    decode: (bytes, { width, height }) =>
      sharp(bytes).resize(width, height, { kernel: 'linear' }).raw().toBuffer(),
  })
  assert.ok(crops && crops.shrunk.mean > 1.4, `${crops?.shrunk.mean}`)
  assert.match(faults[0]!, /^crops are/)
})

test('a model that nothing is known of is opened, and no more', async ({ dataDir }) => {
  const tiny = join(dataDir, 'tiny')
  await writeTinyModel(tiny)
  const check = await manageModels(dataDir).check(tiny, { threads: 2 })
  assert.equal([check.golden, check.crops, check.tokens, check.faults], [null, null, null, []])
  assert.is(check.thresholds, null)
  assert.is(check.dimension, 3)
})

test.run()
