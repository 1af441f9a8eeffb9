import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { takesParts } from '../../node/score/cuda-parts.ts'
import { writeTinyModel } from '../node/score/tiny-model.ts'
import { runShoal } from './run-shoal.ts'

const test = suite<{ dir: string }>('shoal and its devices')
test.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-devices-'))
})
test.after.each(async ({ dir }) => rm(dir, { recursive: true, force: true }))

test('bench score says how fast the CPU is, beside the bare session', async ({ dir }) => {
  const bench = ['bench', 'score', '--device', 'cpu', '--seconds', '1', '--threads', '1', '--data', dir]
  const { status, stdout } = await runShoal([...bench, '--json'])
  assert.is(status, 0, stdout)
  const { devices } = JSON.parse(stdout.trim())
  assert.is(devices.length, 1)
  const [{ device, deviceClass, batch, perSecond, ofBare, trouble }] = devices
  assert.equal([device, deviceClass, batch, trouble], ['cpu', 'cpu/fp32', 16, null])
  assert.ok(perSecond > 1, `${perSecond}`)
  assert.ok(ofBare > 0.4 && ofBare < 1.6, `${ofBare}`)
  const shown = await runShoal(bench)
  assert.match(
    shown.stdout,
    /^device +computes +batch +pairs\/s +of the bare session\ncpu +cpu\/fp32 +16 +\d/,
  )
  assert.ok(shown.stdout.split('\n').every((line) => line.length <= 80))
})

test('a device that is not there is named with what to do, and one that nobody knows', async ({ dir }) => {
  await writeTinyModel(dir)
  const absent = process.platform === 'win32' ? 'coreml' : 'dml'
  const bench = ['bench', 'score', '--model', dir, '--data', dir, '--device']
  const refused = await runShoal([...bench, absent])
  assert.is(refused.status, 1)
  assert.match(refused.stdout, /not usable/)
  assert.match(refused.stderr, /^error \(device_unusable\): .*Leave --device at auto/m)
  const unknown = await runShoal([...bench, 'gpu'])
  assert.is(unknown.status, 1)
  assert.match(unknown.stderr, /^error \(device_unknown\): .*cuda:1/m)
  const crawl = await runShoal(['crawl', 'none.warc', '--device', 'cuda,cpu', '--data', dir, '--offline'])
  assert.is(crawl.status, 1)
})

test('gpu install knows cuda alone, and says which feed does not answer', async ({ dir }) => {
  const other = await runShoal(['gpu', 'install', 'rocm', '--data', dir])
  assert.is(other.status, 2)
  assert.match(other.stderr, /cuda alone/)
  if (!takesParts()) return console.log('skipped: CUDA parts are for Linux on x64 alone')
  const server = createServer((_, res) => res.writeHead(503).end())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const NUGET_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.json`
    const { status, stdout, stderr } = await runShoal(['gpu', 'install', 'cuda', '--json', '--data', dir], {
      NUGET_ENDPOINT,
    })
    assert.is(status, 1)
    assert.match(stderr, /^error \(gpu_download\): .*answered 503.*NUGET_ENDPOINT/m)
    assert.is(JSON.parse(stdout).error.code, 'gpu_download')
  } finally {
    server.close()
  }
})

test.run()
