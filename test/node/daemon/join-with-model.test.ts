import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startDaemon } from '../../../node/daemon/daemon.ts'
import { openLog } from '../../../node/log.ts'
import { readModelFiles } from '../../../node/score/model-files.ts'
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

joining.run()
