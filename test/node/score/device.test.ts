import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseDevices } from '../../../node/score/device.ts'
import { deviceClassOf, toleranceOfClass } from '../../../node/score/device-class.ts'
import type { DualEncoder, EncoderOptions } from '../../../node/score/dual-encoder.ts'
import { findBatch, mostPairs } from '../../../node/score/find-batch.ts'
import { findDevices } from '../../../node/score/find-devices.ts'
import { loadModel } from '../../../node/score/load-model.ts'
import { openMemory } from '../../../node/score/remember-trials.ts'
import { openScorer } from '../../../node/score/score.ts'
import { isOutOfMemory, openSteady } from '../../../node/score/steady-encoder.ts'
import { testPicture } from '../../../node/score/test-picture.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { coarserDevice } from '../../../protocol/rules/device-class.ts'
import { writeTinyModel } from './tiny-model.ts'

const SIDE = 4
const test = suite<{ directory: string; options: EncoderOptions }>('devices')
test.before(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'shoal-device-'))
  await writeTinyModel(context.directory, { side: SIDE })
  const { encoder } = await loadModel(context.directory, { cacheDir: context.directory, threads: 1 })
  const [device] = parseDevices('webgpu')
  context.options = { ...encoder, device: device!, batch: 8 }
})
test.after(async ({ directory }) => rm(directory, { recursive: true, force: true }))

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    return (error as ShoalError).code
  }
}

test('devices by name, several of one kind', () => {
  assert.equal(
    parseDevices('cuda:0, cuda:11').map(({ kind, index }) => [kind, index]),
    [
      ['cuda', 0],
      ['cuda', 11],
    ],
  )
  assert.equal(parseDevices('webgpu'), [{ kind: 'webgpu', index: null, name: 'webgpu' }])
  assert.is(
    codeOf(() => parseDevices('cuda,cpu')),
    'device_mixed',
  )
  for (const list of ['', 'gpu', 'webgpu:1', 'cpu:0', 'cuda:', 'cuda:-1', 'cuda:999', 'CPU', 'cpu,', 'auto'])
    assert.is(
      codeOf(() => parseDevices(list)),
      'device_unknown',
      list,
    )
  assert.is(
    codeOf(() => parseDevices(Array(17).fill('cpu').join(','))),
    'device_unknown',
  )
  fc.assert(
    fc.property(fc.string(), (list) =>
      ['none', 'device_unknown', 'device_mixed'].includes(codeOf(() => parseDevices(list))),
    ),
  )
})

test('classes of devices, what each may be off, and which one a shard of two names', () => {
  const of = (name: string, precision = 'fp32') => deviceClassOf(parseDevices(name)[0]!, precision)
  assert.equal([of('cpu'), of('webgpu'), of('cuda:1', 'fp16')], ['cpu/fp32', 'webgpu/fp32', 'cuda/fp16'])
  // it may take what is faster there
  assert.is(of('coreml'), 'coreml/fp16')
  assert.equal(
    ['cpu/fp32', 'cuda/fp32', 'webgpu/fp32', 'cuda/fp16', 'cpu/int8'].map(toleranceOfClass),
    [0.0005, 0.0005, 0.0025, 0.0025, 0.05],
  )
  assert.is(coarserDevice('cpu/fp32', 'webgpu/fp32'), 'webgpu/fp32')
  assert.is(coarserDevice('webgpu/fp32', 'cpu/fp32'), 'webgpu/fp32')
  assert.is(coarserDevice('cpu/fp32', 'cuda/fp32'), 'cuda/fp32')
  assert.is(coarserDevice('cuda/fp16', 'cpu/fp32'), 'cuda/fp16')
  assert.is(coarserDevice('cpu/int8', 'cpu/int8'), 'cpu/int8')
  assert.is(coarserDevice('cpu/int8', 'cpu/fp32'), null)
})

test('a batch is doubled while that pays, and there is memory', async () => {
  const tried: number[] = []
  let clock = 0
  const run = (msOf: (count: number) => number, most = 256, room = 256) => {
    tried.length = 0
    return findBatch(
      async (count) => {
        tried.push(count)
        if (count > room) throw new Error('CUDA failure 2: out of memory')
        clock += msOf(count)
      },
      most,
      isOutOfMemory,
      () => clock,
    )
  }
  const { batch, perSecond } = await run((count) => 10 + count / 10)
  assert.equal([batch, Math.round(perSecond)], [256, Math.round(256_000 / 35.6)])
  // a launch costs nothing here: nothing is gained
  assert.is((await run((count) => count)).batch, 4)
  assert.is((await run((count) => (count > 64 ? count : 10 + count / 10))).batch, 64)
  assert.is((await run((count) => 10 + count / 10, 256, 100)).batch, 64)
  assert.is((await run((count) => 10 + count / 10, 2)).batch, 2)
  // what takes seconds for four is not asked for more
  assert.is((await run((count) => 1000 * count)).batch, 4)
  assert.equal(tried, [4])
  const broken = findBatch(() => Promise.reject(new Error('device lost')), 64, isOutOfMemory)
  assert.is(await broken.catch((error) => error.message), 'device lost')
  assert.equal([mostPairs({ width: 224, height: 224 }), mostPairs({ width: 9000, height: 9000 })], [256, 1])
})

test('what runtimes and drivers say of memory', () => {
  for (const said of [
    'CUDA failure 2: out of memory ; GPU=0',
    'Available memory of 12 is smaller than requested bytes of 99',
    'vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY',
    'CUBLAS_STATUS_ALLOC_FAILED',
    'Failed to allocate memory for requested buffer of size 4294967296',
    '887A0005: 8007000E Not enough memory resources',
    'std::bad_alloc',
  ])
    assert.ok(isOutOfMemory(new Error(said)), said)
  for (const said of ['device lost', 'CUDA failure 700: an illegal memory access was encountered'])
    assert.not(isOutOfMemory(new Error(said)), said)
})

/** An encoder of which each run may fail as `fault` says, and what was opened and run. */
function fake(fault: (run: { device: string; count: number; nth: number }) => string | null) {
  const opened: string[] = []
  const counts: number[] = []
  let nth = 0
  const open = async ({ device }: EncoderOptions): Promise<DualEncoder> => {
    opened.push(device.name)
    const embed = async (count: number, mark: number): Promise<Float32Array> => {
      const said = fault({ device: device.name, count, nth: nth++ })
      if (said !== null) throw new Error(said)
      return new Float32Array(2 * count).fill(mark)
    }
    return {
      dimension: 2,
      async embedImages(crops, count) {
        counts.push(count)
        const values = await embed(count, 0)
        // a pair's number is that of its picture's first byte
        for (let i = 0; i < count; i++) values[2 * i] = crops[i * 3 * SIDE * SIDE]!
        return values
      },
      embedTexts: (texts) => embed(texts.length, 1),
      close: async () => {},
    }
  }
  return { open, opened, counts }
}

function makePairs(count: number) {
  const crops = new Uint8Array(count * 3 * SIDE * SIDE)
  for (let i = 0; i < count; i++) crops[i * 3 * SIDE * SIDE] = i
  return { crops, texts: Array.from({ length: count }, (_, i) => `${i}`) }
}
const IN_ORDER = [0, 1, 2, 3, 4, 5, 6, 7]

test('out of memory: the batch is halved until it fits, and no pair is lost', async ({ options }) => {
  const { open, opened, counts } = fake(({ count, device }) =>
    device === 'webgpu' && count > 3 ? 'VK_ERROR_OUT_OF_DEVICE_MEMORY' : null,
  )
  const encoder = await openSteady(options, open)
  const { crops, texts } = makePairs(8)
  assert.equal((await encoder.embedPairs(crops, texts)).similarities, IN_ORDER)
  const { device, batch, trouble } = encoder.standing()
  assert.equal([device.name, batch, trouble], ['webgpu', 2, 'ran out of memory, batches of 2 now'])
  assert.equal(opened, ['webgpu'])
  assert.equal(counts, [2, 2, 2, 2])
})

test('a device that fails once is opened anew; twice, and the CPU goes on with the same pairs', async ({
  options,
}) => {
  const once = fake(({ nth }) => (nth === 1 ? 'DXGI_ERROR_DEVICE_REMOVED' : null))
  const shaken = await openSteady(options, once.open)
  const { crops, texts } = makePairs(8)
  assert.equal((await shaken.embedPairs(crops, texts)).similarities, IN_ORDER)
  assert.equal(once.opened, ['webgpu', 'webgpu'])
  assert.equal([shaken.standing().device.name, shaken.standing().trouble], ['webgpu', null])

  const lost = fake(({ device, nth }) => (device === 'webgpu' && nth > 1 ? 'device  lost\nby a fault' : null))
  const encoder = await openSteady(options, lost.open)
  for (let i = 0; i < 3; i++) assert.equal((await encoder.embedPairs(crops, texts)).similarities, IN_ORDER)
  assert.equal(lost.opened, ['webgpu', 'webgpu', 'cpu'])
  const { device, trouble } = encoder.standing()
  assert.equal([device.name, trouble], ['cpu', 'webgpu was lost, the CPU goes on: device lost by a fault'])
  assert.is((await encoder.embedOne({ text: 'red' })).embeddings[0], 1)
})

test('where not even one pair fits, the CPU goes on, and what fails there fails', async ({ options }) => {
  const { open, opened } = fake(({ device }) => (device === 'webgpu' ? 'out of memory' : null))
  const encoder = await openSteady(options, open)
  const { crops, texts } = makePairs(8)
  assert.equal((await encoder.embedPairs(crops, texts)).similarities, IN_ORDER)
  assert.equal(opened, ['webgpu', 'webgpu', 'cpu'])
  const broken = await openSteady(options, fake(() => 'out of memory').open)
  assert.is(await broken.embedPairs(crops, texts).catch((error) => error.message), 'out of memory')
})

test('several CPUs share the pairs, and give the same bits as one', async ({ directory }) => {
  const scores = []
  for (const device of ['cpu', 'cpu,cpu,cpu']) {
    const scorer = await openScorer(directory, { cacheDir: directory, threads: 3, batch: 4, device })
    const pairs = Array.from({ length: 60 }, (_, i) => scorer.score(testPicture(i, SIDE, SIDE), 'red flag'))
    scores.push(await Promise.all(pairs))
    const uses = scorer.devices()
    assert.is(scorer.deviceClass, 'cpu/fp32')
    assert.equal(
      uses.map(({ device, pairs }) => [device, pairs]),
      [['cpu', 60]],
    )
    for (const { busySeconds, trouble, batch } of uses)
      assert.ok(busySeconds > 0 && trouble === null && batch === 4)
    await scorer.close()
  }
  assert.equal(scores[0], scores[1])
})

test('a device that is not in this machine is refused with what to do; auto takes what there is', async ({
  directory,
}) => {
  const open = (device: string, precision = 'fp32') =>
    openScorer(directory, { cacheDir: join(directory, 'none/models'), threads: 1, device, precision })
  const absent = process.platform === 'win32' ? 'coreml' : 'dml'
  const error = await open(absent).catch((cause) => cause)
  assert.instance(error, ShoalError)
  assert.is(error.code, 'device_unusable')
  assert.match(error.message, new RegExp(`^${absent}: .*Leave --device at auto`))
  await writeTinyModel(directory, { side: SIDE, suffix: '_quantized' })
  assert.match((await open('webgpu', 'quantized').catch((cause) => cause)).message, /quantized/)
  const auto = await open('auto', 'quantized')
  assert.is(auto.deviceClass, 'cpu/int8')
  await auto.close()
})

test('a GPU is looked for where its driver is named, and anew when that changes', async ({ directory }) => {
  if (process.platform !== 'linux') return console.log('skipped: only on Linux drivers are files')
  const driver = join(directory, 'driver.json')
  const { VK_DRIVER_FILES } = process.env
  const look = async () => {
    const { candidates, fingerprint } = await findDevices(directory)
    return { names: candidates.map((devices) => devices.map(({ name }) => name).join()), fingerprint }
  }
  try {
    process.env.VK_DRIVER_FILES = driver
    assert.not((await look()).names.includes('webgpu'))
    await writeFile(driver, '{}')
    const first = await look()
    assert.ok(first.names.includes('webgpu'), `${first.names}`)
    assert.is(first.names.at(-1), 'cpu')
    assert.is((await look()).fingerprint, first.fingerprint)
    await writeFile(driver, '{ "another": 1 }')
    assert.is.not((await look()).fingerprint, first.fingerprint)
  } finally {
    if (VK_DRIVER_FILES === undefined) delete process.env.VK_DRIVER_FILES
    else process.env.VK_DRIVER_FILES = VK_DRIVER_FILES
  }
})

test('trials are remembered until the drivers change, and what can not be read is not there', async ({
  directory,
}) => {
  const cacheDir = join(directory, 'memory')
  const loaded = await loadModel(directory, { cacheDir, threads: 1 })
  const device = parseDevices('webgpu')[0]!
  const trial = {
    ...{ device: 'webgpu', deviceClass: 'webgpu/fp32', batch: 64, perSecond: 9.5, isChecked: true },
    trouble: null,
  }
  const first = await openMemory(loaded, 'driver 1', cacheDir)
  first.set(trial)
  await first.save()
  assert.equal((await openMemory(loaded, 'driver 1', cacheDir)).get(device), trial)
  assert.is((await openMemory(loaded, 'driver 2', cacheDir)).get(device), undefined)
  const path = join(cacheDir, 'devices.json')
  assert.match(await readFile(path, 'utf8'), /"batch":64/)
  for (const text of ['', '{', '[]', '{"a":[{"device":1}]}', '{"a":7}']) {
    await writeFile(path, text)
    const memory = await openMemory(loaded, 'driver 1', cacheDir)
    assert.is(memory.get(device), undefined)
    memory.set(trial)
    await memory.save()
    assert.equal((await openMemory(loaded, 'driver 1', cacheDir)).get(device), trial)
  }
})

test.run()
