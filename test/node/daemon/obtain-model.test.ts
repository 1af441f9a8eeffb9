import { createHash, randomFillSync } from 'node:crypto'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ModelOptions, prepareModels } from '../../../node/daemon/obtain-model.ts'
import { type SharedFiles, shareFiles } from '../../../node/daemon/share-files.ts'
import { openLog } from '../../../node/log.ts'
import type { Answers } from '../../../node/network/network.ts'
import type { Campaign } from '../../../protocol/records/campaign.ts'
import { NO_SAFETY } from '../../../protocol/records/safety.ts'
import { bytes, campaignOf, makeDir, startNode, until } from '../network/start-node.ts'

const models = suite('models from peers')

const MB = 1_000_000
const VISION = 'onnx/vision_model.onnx'
const log = openLog('silent', 'stderr')
const campaign = campaignOf('models')
type Model = Campaign['pipeline']['model']

/** Files in the layout of a model: nobody looks into them here. */
async function writeModel(stack: AsyncDisposableStack, visionBytes: number) {
  const directory = await makeDir(stack)
  await mkdir(join(directory, 'onnx'))
  const names = ['config.json', 'onnx/text_model.onnx', VISION, 'preprocessor_config.json', 'tokenizer.json']
  const files = []
  for (const path of names) {
    const body = path === VISION ? randomFillSync(Buffer.alloc(visionBytes)) : Buffer.from(path)
    await writeFile(join(directory, path), body)
    const sha256 = createHash('sha256').update(body).digest('hex')
    files.push({ path, sha256, bytes: body.length })
  }
  return { directory, model: { repo: 'made', files }, vision: files[2]! }
}

function campaignWith(model: Model): Campaign {
  return { pipeline: { model, safety: NO_SAFETY } } as unknown as Campaign
}

/** A node that gives what `file` gives, or the files that it shares. */
async function startGiver(stack: AsyncDisposableStack, file?: Answers['file']) {
  const shared = shareFiles()
  const answers: Answers = {
    ...{ record: async () => bytes('a claim'), campaign: async () => null },
    ...{ file: file ?? shared.read, sync: async () => {} },
  }
  return { network: await startNode(stack, { answers }), shared }
}

async function startTaker(stack: AsyncDisposableStack, options: Partial<ModelOptions> = {}) {
  const dataDir = await makeDir(stack)
  const shared = shareFiles()
  const network = await startNode(stack, {
    answers: {
      ...{ record: async () => null, campaign: async () => null },
      ...{ file: shared.read, sync: async () => {} },
    },
  })
  const taken = prepareModels(network, shared, {
    ...{ dataDir, offline: true, model: null, diskBytes: null, log, againMs: 100 },
    ...options,
  })
  stack.defer(() => taken.close())
  return { dataDir, shared, network, models: taken }
}

async function read(shared: SharedFiles, { sha256 }: { sha256: string }, offset = 0) {
  const parts = shared.read(sha256, offset, 'somebody')
  return parts && Buffer.concat(await Array.fromAsync(parts))
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** What buffers hold that somebody still uses. */
function liveBytes(): number {
  // what the first one finds is freed in the background, before the second one begins
  collect()
  collect()
  return process.memoryUsage().arrayBuffers
}

async function withTimeout<T>(work: Promise<T>, ms = 300_000): Promise<T> {
  const late = sleep(ms, undefined, { ref: false }).then(() => Promise.reject(new Error('too late')))
  return Promise.race([work, late])
}

models('one node’s model comes to another and on to a third; memory stays flat', async () => {
  await using stack = new AsyncDisposableStack()
  const { directory, model, vision } = await writeModel(stack, 50 * MB)
  const { network: owner, shared } = await startGiver(stack)
  await shared.add(campaign.toString(), directory, model.files)
  const taker = await startTaker(stack)
  await taker.network.dial(owner.addresses()[0]!)
  const before = liveBytes()
  let most = 0
  let next = 10 * MB
  // not by the clock: to collect garbage takes most of the time of a busy machine
  const timer = setInterval(() => {
    if ((taker.models.standing(campaign).preparing?.done ?? 0) < next) return
    next += 10 * MB
    most = Math.max(most, liveBytes() - before)
  }, 10).unref()
  stack.defer(() => clearInterval(timer))
  const begin = Date.now()
  const preparing = taker.models.prepare(campaign, campaignWith(model))
  await until('some of it is here', () => (taker.models.standing(campaign).preparing?.done ?? 0) > MB)
  const asked = Date.now()
  assert.equal(await taker.network.askRecord(owner.peerId, campaign, 1), bytes('a claim'))
  console.log(`answered within ${Date.now() - asked} ms meanwhile`)
  assert.is(await withTimeout(preparing), true)
  console.log(`50 MB in ${Date.now() - begin} ms, ${(most / MB).toFixed(1)} MB of buffers`)
  assert.ok(next > 20 * MB && most < 20 * MB, `${most} bytes`)
  assert.equal(taker.models.standing(campaign), { preparing: null, trouble: null })
  const third = await startTaker(stack)
  await third.network.dial(taker.network.addresses()[0]!)
  assert.is(await withTimeout(third.models.prepare(campaign, campaignWith(model))), true)
  const got = await read(third.shared, vision, 49 * MB)
  assert.is(got?.length, MB)
})

models('who gives other bytes is had nothing to do with; who lacks it is', async () => {
  await using stack = new AsyncDisposableStack()
  const { directory, model, vision } = await writeModel(stack, MB)
  const body = await readFile(join(directory, VISION))
  const liar = await startGiver(stack, async function* (sha256, offset) {
    if (sha256 === vision.sha256) yield Buffer.alloc(vision.bytes - offset, 7)
  })
  const endless = await startGiver(stack, async function* () {
    for (;;) yield body
  })
  const poor = await startGiver(stack)
  const owner = await startGiver(stack)
  await owner.shared.add(campaign.toString(), directory, model.files)
  const taker = await startTaker(stack)
  for (const { network } of [liar, endless, poor, owner]) await taker.network.dial(network.addresses()[0]!)
  assert.is(await withTimeout(taker.models.prepare(campaign, campaignWith(model))), true)
  assert.equal(await read(taker.shared, vision), body)
  const connected = (await taker.network.peers()).map(({ id }) => id)
  assert.equal(
    [liar, endless, poor, owner].map(({ network }) => connected.includes(network.peerId)),
    [false, true, true, true],
  )
})

models('the one who gives it dies half-way: another goes on from there', async () => {
  await using stack = new AsyncDisposableStack()
  const { directory, model, vision } = await writeModel(stack, 4 * MB)
  const owner = shareFiles()
  await owner.add(campaign.toString(), directory, model.files)
  const mortal = await startGiver(stack, async function* (sha256, offset, from) {
    let given = 0
    for await (const part of owner.read(sha256, offset, from)!) {
      given += part.length
      if (given > 2 * MB) await sleep(60_000, undefined, { ref: false })
      yield part
    }
  })
  const offsets: number[] = []
  const heir = await startGiver(stack, (sha256, offset, from) => {
    if (sha256 === vision.sha256) offsets.push(offset)
    return owner.read(sha256, offset, from)
  })
  const taker = await startTaker(stack)
  await taker.network.dial(mortal.network.addresses()[0]!)
  const preparing = taker.models.prepare(campaign, campaignWith(model))
  await until('half of it is here', () => (taker.models.standing(campaign).preparing?.done ?? 0) > MB)
  await taker.network.dial(heir.network.addresses()[0]!)
  await mortal.network.close()
  assert.is(await withTimeout(preparing), true)
  assert.is(offsets.length, 1)
  assert.ok(offsets[0]! > MB && offsets[0]! < 3 * MB, `${offsets}`)
  assert.is((await read(taker.shared, vision))?.length, 4 * MB)
})

models('nobody has it: why is told, and it is tried again until somebody has', async () => {
  await using stack = new AsyncDisposableStack()
  const { directory, model, vision } = await writeModel(stack, MB)
  const taker = await startTaker(stack)
  const preparing = taker.models.prepare(campaign, campaignWith(model))
  await until('it is told why', () => taker.models.standing(campaign).trouble !== null)
  assert.match(taker.models.standing(campaign).trouble!, /made, and its config\.json can't be had/)
  assert.is(await read(taker.shared, vision), null)
  const owner = await startGiver(stack)
  await owner.shared.add(campaign.toString(), directory, model.files)
  await taker.network.dial(owner.network.addresses()[0]!)
  assert.is(await withTimeout(preparing), true)
  assert.equal(taker.models.standing(campaign), { preparing: null, trouble: null })
  taker.models.forget(campaign)
  assert.is(await read(taker.shared, vision), null, 'what is left is given to nobody')
})

models('left, or closed, it is called off at once', async () => {
  await using stack = new AsyncDisposableStack()
  const { model } = await writeModel(stack, MB)
  const silent = await startGiver(stack, async function* () {
    await sleep(60_000, undefined, { ref: false })
    yield bytes('late')
  })
  const taker = await startTaker(stack)
  await taker.network.dial(silent.network.addresses()[0]!)
  for (const end of [() => taker.models.forget(campaign), () => taker.models.close()]) {
    const preparing = taker.models.prepare(campaign, campaignWith(model))
    await sleep(200)
    const begin = Date.now()
    await end()
    assert.is(await withTimeout(preparing), false)
    assert.ok(Date.now() - begin < 20_000)
  }
})

models('a directory given by hand serves as well, and what changes there is given no more', async () => {
  await using stack = new AsyncDisposableStack()
  const { directory, model, vision } = await writeModel(stack, MB)
  const taker = await startTaker(stack, { model: directory })
  assert.is(await withTimeout(taker.models.prepare(campaign, campaignWith(model))), true)
  assert.is((await read(taker.shared, vision, 1))?.length, MB - 1)
  assert.is((await read(taker.shared, vision, MB + 1))?.length, 0)
  assert.is(await read(taker.shared, { sha256: 'ab'.repeat(32) }), null)
  await appendFile(join(directory, VISION), 'x')
  assert.is((await read(taker.shared, vision))?.length, 0)
})

models.run()
