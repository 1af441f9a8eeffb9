import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Context, giveModels } from '../node/score/model-origins.ts'
import { runShoal } from './run-shoal.ts'

const LIMIT_MS = 60_000
const test = suite<Context & { data: string }>('shoal model')
giveModels(test)
test.before.each(async (context) => {
  context.data = await mkdtemp(join(tmpdir(), 'shoal-cli-models-'))
})
test.after.each(({ data }) => rm(data, { recursive: true, force: true }))

test('pulls, lists, checks and removes', async ({ data, endpoint }) => {
  const shoal = async (...args: string[]) => {
    const { status, stdout, stderr } = await runShoal(
      ['model', ...args, '--data', data, '--json'],
      { HF_ENDPOINT: endpoint },
      LIMIT_MS,
    )
    return { status, stderr, result: JSON.parse(stdout.trim().split('\n').at(-1)!) }
  }
  const pulled = await shoal('pull', 'hf:some/tiny@v1')
  assert.is(pulled.status, 0, pulled.stderr)
  assert.is(pulled.result.name, 'hf:some/tiny@v1')
  const { result: listed } = await shoal('list')
  assert.is(listed.models[1].repo, 'some/tiny@v1')
  assert.is(listed.models[1].kind, 'downloaded')
  const checked = await shoal('check', 'hf:some/tiny@v1')
  assert.is(checked.status, 0, checked.stderr)
  assert.equal(checked.result.faults, [])
  const imported = await shoal('import', pulled.result.directory, '--name', 'mine')
  assert.is(imported.result.name, 'mine')
  const removed = await shoal('remove', 'mine')
  assert.is(removed.result.removed, 'mine')
  const refused = await shoal('remove', 'mine')
  assert.is(refused.status, 1)
  assert.is(refused.result.error.code, 'model_unknown')
})

test('tells of models in 80 columns', async ({ data }) => {
  const { status, stdout } = await runShoal(['model', 'list', '--data', data], {}, LIMIT_MS)
  assert.is(status, 0)
  assert.match(stdout, /^shoal-mini$/m)
  assert.match(stdout, /laion-400m 0\.3; laion-5b 0\.28 en, 0\.26 others/)
  assert.is(
    stdout.split('\n').find((line) => line.length > 80),
    undefined,
  )
})

test('a name that nothing has is refused wherever a model is named', async ({ data }) => {
  for (const command of [
    ['search', '--text', 'x'],
    ['crawl', 'a.warc.gz'],
  ]) {
    const { status, stderr } = await runShoal([...command, '--model', 'nix', '--data', data], {}, LIMIT_MS)
    assert.is(status, 1)
    assert.match(stderr, /model_unknown.*nix/)
  }
})

test.run()
