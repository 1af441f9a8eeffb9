import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Progress } from '../../../node/components.ts'
import { type CampaignModel, startDaemon } from '../../../node/daemon/daemon.ts'
import { openLog } from '../../../node/log.ts'
import { manageModels } from '../../../node/manage-models.ts'
import { readModelFiles } from '../../../node/score/model-files.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { makeDir, until } from '../network/start-node.ts'
import { writeTinyModel } from '../score/tiny-model.ts'

const joining = suite('joining a campaign with a model of its own')

async function start(stack: AsyncDisposableStack, model: string | null) {
  const dataDir = await makeDir(stack)
  const daemon = await startDaemon({
    ...{ dataDir, model, threads: 1, segments: 1, hours: null, diskBytes: null, bytesPerSecond: null },
    ...{ listen: ['/ip4/127.0.0.1/tcp/0'], peers: [], local: true, offline: true, loopback: { hosts: {} } },
    ...{ clock: Date.now, log: openLog('silent', 'stderr') },
  })
  stack.defer(() => daemon.stop())
  daemon.pause()
  return { daemon, dataDir }
}

joining('a newcomer gets it from a member', async () => {
  await using stack = new AsyncDisposableStack()
  const model = await makeDir(stack)
  await writeTinyModel(model)
  const owner = await start(stack, model)
  const list = join(owner.dataDir, 'list.txt')
  await writeFile(list, 'a.warc.gz\n')
  const { campaign } = await owner.daemon.create({
    ...{ name: 'tiny', contact: 'test@example.org', preset: 'laion-5b', model, threshold: 0.3 },
    ...{ files: [list], kind: null, base: 'http://archive.example/', parts: 1 },
  })
  const newcomer = await start(stack, null)
  const [address] = (await owner.daemon.status()).addresses
  await newcomer.daemon.join(campaign, address!)
  const models = join(newcomer.dataDir, 'models')
  const files = await readModelFiles(model, 'fp32')
  await until('the model is here', async () => {
    const [directory] = await readdir(models).catch(() => [])
    if (directory === undefined) return false
    const there = await readModelFiles(join(models, directory), 'fp32').catch(() => [])
    return JSON.stringify(there) === JSON.stringify(files)
  })
  await until('it is ready', async () => (await newcomer.daemon.status()).campaigns[0]?.preparing === null)
  assert.is((await newcomer.daemon.status()).campaigns[0]?.trouble, null)
})

joining('somebody who takes no part gets it as well', async () => {
  await using stack = new AsyncDisposableStack()
  const model = await makeDir(stack)
  await writeTinyModel(model)
  const owner = await start(stack, model)
  const list = join(owner.dataDir, 'list.txt')
  await writeFile(list, 'a.warc.gz\n')
  const { campaign } = await owner.daemon.create({
    ...{ name: 'tiny', contact: 'test@example.org', preset: 'laion-5b', model, threshold: 0.3 },
    ...{ files: [list], kind: null, base: 'http://archive.example/', parts: 1 },
  })
  const other = await start(stack, null)
  const [address] = (await owner.daemon.status()).addresses
  const amounts: number[] = []
  let got: CampaignModel | null = null
  // the owner gives it once it has looked at its files
  await until('it is had', async () => {
    const request = { campaign, precision: null, peers: [address!] }
    const onProgress = ({ stages }: Progress) => amounts.push(stages[0]!.done)
    got = await other.daemon.pullModel(request, { onProgress }).catch(() => null)
    return got !== null
  })
  const pulled = got as unknown as CampaignModel
  const files = await readModelFiles(model, 'fp32')
  assert.equal(await readModelFiles(pulled.directory, 'fp32'), files)
  assert.is(pulled.precision, 'fp32')
  assert.is(pulled.bytes, amounts.at(-1))
  assert.equal(await readdir(join(other.dataDir, 'models')), [pulled.name])
  assert.equal(other.daemon.list(), [])
  const models = manageModels(other.dataDir)
  const kept = (await models.list()).find(({ kind }) => kind === 'campaign')
  assert.is(kept?.name, pulled.name)
  await models.remove(pulled.name)
  const reason = await other.daemon
    .pullModel({ campaign, precision: 'q4', peers: [] })
    .catch((error: ShoalError) => error.code)
  assert.is(reason, 'model_precision')
})

joining.run()
