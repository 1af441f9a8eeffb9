import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { manageModels, resolveModel } from '../../node/manage-models.ts'
import { EMBEDDED, openScorer } from '../../node/score/score.ts'
import { type Context, giveModels, refusal, VISION } from './score/model-origins.ts'
import { writeTinyModel } from './score/tiny-model.ts'

const TINY = 'hf:some/tiny@v1'
const test = suite<Context & { dataDir: string }>('models of a data directory')
giveModels(test)
test.before.each(async (context) => {
  context.dataDir = await mkdtemp(join(tmpdir(), 'shoal-data-'))
})
test.after.each(({ dataDir }) => rm(dataDir, { recursive: true, force: true }))

test('the embedded one is listed first, recipes that are not here last', async ({ dataDir }) => {
  const models = await manageModels(dataDir).list()
  const [first, ...others] = models
  assert.ok(first)
  assert.is(first.name, 'shoal-mini')
  assert.is(first.kind, 'embedded')
  assert.equal(first.thresholds, [{ preset: null, default: 0.23, languages: {} }])
  assert.equal(first.precisions, ['fp32'])
  assert.ok(others.length >= 6)
  assert.ok(
    others.every(({ kind, directory, bytes }) => kind === 'recipe' && directory === null && bytes > 1e8),
  )
  const presets = others.find(({ name }) => name === 'openai-vit-b-32')
  assert.ok(presets)
  assert.equal(presets.thresholds, [
    { preset: 'laion-400m', default: 0.3, languages: {} },
    { preset: 'laion-5b', default: 0.26, languages: { en: 0.28 } },
  ])
  assert.match(presets.source, /2210\.08402/)
})

test('one is pulled once, found by its name, and removed', async ({ dataDir, endpoint, requests }) => {
  const models = manageModels(dataDir)
  const seen: string[] = []
  assert.is((await refusal(models.check(TINY))).code, 'model_absent')
  const pulled = await models.pull(TINY, { endpoint, onProgress: ({ file }) => seen.push(file) })
  assert.is(pulled.name, TINY)
  assert.ok(seen.includes(VISION))
  const before = requests.length
  assert.equal(await models.pull(TINY, { endpoint }), pulled)
  assert.is(requests.length, before)
  const listed = (await models.list()).find(({ name }) => name === TINY)
  assert.ok(listed)
  assert.is(listed.kind, 'downloaded')
  assert.is(listed.repo, 'some/tiny@v1')
  assert.is(listed.directory, pulled.directory)
  assert.is(await resolveModel(TINY, dataDir), TINY)
  assert.is(await resolveModel('some--tiny@v1', dataDir), TINY)
  assert.is((await models.remove(TINY)).directory, pulled.directory)
  assert.is(await stat(pulled.directory).catch(() => null), null)
  assert.is((await refusal(models.remove(TINY))).code, 'model_unknown')
})

test('what broke off is told as such, and gone on with', async (context) => {
  const { dataDir, endpoint } = context
  const models = manageModels(dataDir)
  const whole = await readFile(join(context.directory, VISION))
  context.meddle = (req, res) => {
    if (!req.url?.endsWith(VISION)) return false
    res.writeHead(200, { 'content-length': whole.length }).write(whole.subarray(0, 40), () => res.destroy())
    return true
  }
  assert.is((await refusal(models.pull(TINY, { endpoint }))).code, 'model_download')
  const begun = (await models.list()).find(({ name }) => name === TINY)
  assert.match(begun?.trouble ?? '', /not finished/)
  context.meddle = () => false
  await models.pull(TINY, { endpoint })
  assert.is((await models.list()).find(({ name }) => name === TINY)?.trouble, null)
})

test('a pull that nothing has to be got for says so', async ({ dataDir, directory }) => {
  const models = manageModels(dataDir)
  for (const model of ['shoal-mini', directory])
    assert.is((await refusal(models.pull(model, {}))).code, 'model_here')
  assert.is((await refusal(models.pull('nix', {}))).code, 'model_unknown')
  assert.is((await refusal(models.pull('hf:../nix', {}))).code, 'model_id')
  assert.is((await refusal(models.pull(TINY, { precision: '../x' }))).code, 'model_precision')
})

test('a recipe’s files are asked for where they lie, and refused with other hashes', async ({
  dataDir,
  endpoint,
  requests,
}) => {
  const error = await refusal(manageModels(dataDir).pull('laion-vit-b-32', { endpoint }))
  assert.is(error.code, 'model_download')
  const asked = requests.filter((line) => line.includes('immich-app'))
  assert.ok(asked.some((line) => line.endsWith('/textual/tokenizer_config.json')))
  assert.ok(asked.every((line) => line.includes('/resolve/19a057a0fb927cf239541300e74237cd56c7ffe2/')))
})

test('a directory is imported with what is read of it, and opened by its name', async ({
  dataDir,
  directory,
}) => {
  const models = manageModels(dataDir)
  await writeFile(join(directory, 'weights.bin'), 'not read')
  const progress: number[] = []
  const imported = await models.import(directory, {
    name: 'tiny',
    onProgress: ({ done, total }) => progress.push(done / total),
  })
  assert.equal(imported.precisions, ['fp32'])
  assert.is(progress.at(-1), 1)
  const names = (await readdir(imported.directory, { recursive: true })).sort()
  assert.not(names.includes('weights.bin'))
  assert.is(await resolveModel('tiny', dataDir), imported.directory)
  assert.is((await models.list()).find(({ name }) => name === 'tiny')?.kind, 'imported')
  const scorer = await openScorer('tiny', { cacheDir: join(dataDir, 'models') })
  assert.is((await scorer.embed({ text: 'red flag' })).length, 3)
  await scorer.close()
  assert.is((await refusal(models.import(directory, { name: 'tiny' }))).code, 'model_exists')
  assert.equal(await readdir(join(dataDir, 'models')), ['tiny'])
})

test('open_clip’s layout is brought into ours, and scores the same', async ({ dataDir, directory }) => {
  const other = await mkdtemp(join(tmpdir(), 'shoal-open-clip-'))
  try {
    await writeTinyModel(other, { isOpenClip: true })
    await manageModels(dataDir).import(other, { name: 'laion' })
    const options = { cacheDir: join(dataDir, 'models') }
    const [one, two] = [await openScorer('laion', options), await openScorer(directory, options)]
    assert.equal(one.geometry, two.geometry)
    const crop = Uint8Array.from({ length: 48 }, (_, i) => i * 5)
    assert.equal(await one.score(crop, 'the flag'), await two.score(crop, 'the flag'))
    await Promise.all([one.close(), two.close()])
  } finally {
    await rm(other, { recursive: true, force: true })
  }
})

test('nothing is left of an import that is refused', async ({ dataDir, directory }) => {
  const models = manageModels(dataDir)
  const code = async (options: { name?: string }) => (await refusal(models.import(directory, options))).code
  assert.is(await code({ name: 'openai-vit-b-32' }), 'model_name')
  assert.is(await code({ name: '../up' }), 'model_name')
  assert.is(await code({ name: 'heads' }), 'model_name')
  await writeFile(join(directory, VISION), 'no graph')
  assert.is(await code({ name: 'broken' }), 'model_broken')
  await rm(join(directory, 'tokenizer.json'))
  assert.is(await code({ name: 'broken' }), 'model_missing_file')
  assert.equal(await readdir(join(dataDir, 'models')), [])
})

test('names of models go before directories, paths are paths', async ({ dataDir }) => {
  assert.is(await resolveModel('shoal-mini', dataDir), EMBEDDED)
  assert.is(await resolveModel('./shoal-mini', dataDir), resolve('shoal-mini'))
  assert.match(
    await resolveModel('openai-vit-l-14', dataDir),
    /^hf:Xenova\/clip-vit-large-patch14@[0-9a-f]{40}$/,
  )
  assert.is(await resolveModel('node', dataDir), resolve('node'))
  const error = await refusal(resolveModel('nix', dataDir))
  assert.is(error.code, 'model_unknown')
  assert.match(error.message, /openai-vit-b-32/)
})

test('the embedded one agrees with its references', async ({ dataDir }) => {
  const check = await manageModels(dataDir).check(null, { threads: 2 })
  assert.equal(check.faults, [])
  assert.ok(check.golden)
  assert.is(check.golden.pairs, 3)
  assert.ok(check.golden.most < 1e-4, `${check.golden.most}`)
  assert.ok(check.crops && check.crops.shrunk.pictures >= 5)
  assert.ok(check.crops.shrunk.mean > 0 && check.crops.shrunk.mean < 1, `${check.crops.shrunk.mean}`)
  assert.equal(check.tokens, { of: 'shoal-mini', texts: 18, wrong: [] })
})

test.run()
