import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openTools, type ToolOptions, type Tools } from '../../../node/daemon/tools.ts'
import { readModelFiles } from '../../../node/score/model-files.ts'
import { EMBEDDED } from '../../../node/score/score.ts'
import { openWeb } from '../../../node/web/web.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { type Campaign, DEFAULT_AUDIT } from '../../../protocol/records/campaign.ts'
import { NO_SAFETY } from '../../../protocol/records/safety.ts'
import { quantiseModel } from '../../../scripts/quantise-model.ts'

const test = suite('tools')

test('a campaign in two precisions: one to work with, the other to audit those who took it', async () => {
  await using opened = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'shoal-tools-'))
  opened.defer(() => rm(directory, { recursive: true, force: true }))
  const both = join(directory, 'both')
  await quantiseModel(EMBEDDED, both)
  const int8 = await readModelFiles(both, 'quantized')
  const plain = await readModelFiles(EMBEDDED, 'fp32')
  for (const tower of ['text', 'vision'])
    await copyFile(join(EMBEDDED, `onnx/${tower}_model.onnx`), join(both, `onnx/${tower}_model.onnx`))
  const files = [...new Map([...plain, ...int8].map((file) => [file.path, file])).values()]
  const campaign = {
    ...{ contact: 'test@example.org', audit: DEFAULT_AUDIT },
    pipeline: { model: { repo: 'shoal-mini', files }, safety: NO_SAFETY },
  } as unknown as Campaign
  const web = openWeb({})
  opened.defer(() => web.close())

  async function withTools(
    options: Partial<ToolOptions>,
    work: (tools: Tools) => Promise<void>,
  ): Promise<void> {
    const usual = { dataDir: join(directory, 'data'), threads: 1, offline: true, model: null, loopback: null }
    const surroundings = { web, onBackOff() {} }
    const tools = await openTools(campaign, { ...usual, clock: Date.now, ...options }, surroundings)
    try {
      await work(tools)
    } finally {
      await tools.close()
    }
  }
  const classes = (tools: Tools, devices: string[]) =>
    Promise.all(devices.map(async (device) => (await tools.scorerLike(device)).deviceClass))
  const devices = ['cpu/fp32', 'cuda/fp16', 'cpu/int8', 'cpu/q4']

  await withTools({ model: both }, async (tools) => {
    assert.equal(await classes(tools, devices), ['cpu/fp32', 'cpu/fp32', 'cpu/int8', 'cpu/fp32'])
    assert.is(await tools.scorerLike('cpu/int8'), await tools.scorerLike('cpu/int8'))
  })
  await withTools({ model: both, precision: 'quantized' }, async (tools) => {
    assert.is(tools.scorer.deviceClass, 'cpu/int8')
    assert.equal(await classes(tools, devices), ['cpu/fp32', 'cpu/int8', 'cpu/int8', 'cpu/int8'])
  })
  // the other one can't be had
  await withTools({}, async (tools) => {
    assert.equal(await classes(tools, devices.slice(1, 3)), ['cpu/fp32', 'cpu/fp32'])
  })
  // what passes is taken
  const path = join(both, 'shoal.json')
  const shoal = JSON.parse(await readFile(path, 'utf8'))
  shoal.golden[0].similarity += 0.002
  await writeFile(path, JSON.stringify(shoal))
  await withTools({ model: both }, async (tools) => assert.is(tools.scorer.deviceClass, 'cpu/int8'))
  const refused = await withTools({ model: both, precision: 'fp32' }, async () => {}).catch(
    ({ code }) => code,
  )
  assert.is(refused, 'model_golden')
  await withTools({ precision: 'fp16' }, async () => {}).then(
    () => assert.unreachable(),
    (error: ShoalError) => assert.is(error.code, 'model_precision'),
  )
})

test.run()
