import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { freemem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DeviceUse } from '../../../node/components.ts'
import { EMBEDDED } from '../../../node/score/score.ts'
import { findSoftwareGpu } from './software-gpu.ts'
import { writeTinyModel } from './tiny-model.ts'

const RUN = fileURLToPath(new URL('./webgpu-run.ts', import.meta.url))
/** A crawl on a busy processor that draws every pixel of a GPU. */
const PATIENCE_MS = 500_000
const FREE_BYTES = 5e9

const env = findSoftwareGpu()
const test = suite<{ directory: string }>('WebGPU on a software GPU')
test.before.each(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'shoal-webgpu-'))
})
test.after.each(async ({ directory }) => rm(directory, { recursive: true, force: true }))

// biome-ignore lint/suspicious/noExplicitAny: each case tells something else
async function run(what: string, directory: string): Promise<any> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [RUN, what, directory], {
    ...{ env: { ...process.env, ...env }, timeout: PATIENCE_MS, killSignal: 'SIGKILL' as const },
  })
  // a driver that was tried, or spoke, is not to be heard
  assert.is(stderr, '', stderr)
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

if (env === null) console.log('skipped: no Chromium here, and so no SwiftShader to run WebGPU on')
else {
  test('it agrees with the CPU, alone and twice at once, and is tried once', async ({ directory }) => {
    await writeTinyModel(directory, { side: 32 })
    const { one, again, two } = await run('agree', directory)
    for (const { deviceClass, devices, apart } of [one, again, two]) {
      assert.is(deviceClass, 'webgpu/fp32')
      assert.ok(apart < 1e-5, `${apart}`)
      for (const { device, trouble, batch } of devices as DeviceUse[]) {
        assert.equal([device, trouble], ['webgpu', null])
        assert.ok(batch >= 4 && batch <= 256)
      }
    }
    assert.equal([one.tried, again.tried, two.tried], [['webgpu'], [], []])
    assert.is(two.devices.length, 1)
    assert.is(
      (two.devices as DeviceUse[]).reduce((sum, { pairs }) => sum + pairs, 0),
      // three of them golden
      753,
    )
  })

  test('auto measures both, takes the CPU, which is faster, and remembers it', async ({ directory }) => {
    await cp(EMBEDDED, directory, { recursive: true })
    await writeTinyModel(directory, { side: 32 })
    await rm(join(directory, 'shoal.json'))
    const { deviceClass, tried, triedAgain, trials } = await run('choose', directory)
    assert.is(deviceClass, 'cpu/fp32')
    assert.equal([tried, triedAgain], [['cpu', 'webgpu'], []])
    const [cpu, webgpu] = trials
    assert.ok(cpu.perSecond > webgpu.perSecond && webgpu.perSecond > 0)
    assert.equal([cpu.trouble, webgpu.trouble], [null, null])
  })

  test('one that strays is refused, and it is said by how much', async ({ directory }) => {
    await cp(EMBEDDED, directory, { recursive: true })
    await writeTinyModel(directory, { side: 32 })
    const shoal = JSON.parse(await readFile(join(EMBEDDED, 'shoal.json'), 'utf8'))
    const embedding = Buffer.from(new Float32Array([1, 0, 0]).buffer).toString('base64')
    const golden = [{ text: 'red', similarity: 0.5, embedding }]
    await writeFile(join(directory, 'shoal.json'), JSON.stringify({ ...shoal, golden }))
    const { code, message } = await run('refuse', directory)
    assert.is(code, 'model_golden')
    assert.match(message, /webgpu\/fp32 is \d.* off .*0\.0025 is allowed.*--device/)
  })

  test('out of memory for real: batches are halved, and the same pairs go on', async ({ directory }) => {
    if (freemem() < FREE_BYTES) return console.log('skipped: too little memory free to run out of it')
    await writeTinyModel(directory, { side: 1024 })
    const { pairs, batch, trouble, device, apart } = await run('memory', directory)
    assert.equal([pairs, batch, device], [100, 50, 'webgpu'])
    assert.is(trouble, 'ran out of memory, batches of 50 now')
    assert.ok(apart < 1e-5, `${apart}`)
  })

  test('a whole crawl on it names it in its shard, and a CPU verifies that', async ({ directory }) => {
    await writeTinyModel(directory, { side: 32 })
    const { deviceClass, verifier, kept, findings } = await run('audit', directory)
    assert.equal([deviceClass, verifier], ['webgpu/fp32', 'cpu/fp32'])
    assert.ok(kept > 0, 'nothing was kept')
    assert.ok(findings.includes('match null'))
    assert.equal(
      findings.filter((finding: string) => finding.startsWith('forged')),
      [],
    )
  })
}

test.run()
