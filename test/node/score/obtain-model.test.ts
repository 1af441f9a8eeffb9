import { appendFile, cp, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readModelFiles } from '../../../node/score/model-files.ts'
import { EMBEDDED, type ObtainProgress, openScorer } from '../../../node/score/score.ts'
import {
  type Context,
  cutAfter,
  type Deed,
  giveModels,
  holdsModel,
  honest,
  makePeers,
  obtain,
  REPO,
  refusal,
  VISION,
  wrong,
} from './model-origins.ts'
import { writeTinyModel } from './tiny-model.ts'

const test = suite<Context>('obtain model')
giveModels(test)

const lacks: Deed = () => []
const short: Deed = (body, offset) => [body.subarray(offset, -1)]
const refuses: Deed = () => {
  throw new Error('too many requests')
}
function* endless() {
  for (;;) yield new Uint8Array(1000)
}
test('a directory that has the very files comes first, then the cache; nobody is asked', async (context) => {
  const { peers, asked } = makePeers(context, { honest })
  const given = [EMBEDDED, context.directory]
  assert.equal(await obtain(context, { peers, given }), {
    ...{ directory: context.directory, precision: 'fp32', files: context.files },
  })
  const hub = join(context.cacheDir, 'some--tiny@v1')
  await cp(context.directory, hub, { recursive: true })
  assert.is((await obtain(context, { peers }, REPO)).directory, hub)
  assert.equal(asked, [])
  // a file more is another model: the tokenizer's settings change what is scored
  await writeFile(join(context.directory, `${VISION}_data`), 'more')
  const { directory } = await obtain(context, { peers, given })
  assert.not(given.includes(directory))
  await holdsModel(directory, context.files)
})

test('peers give it, progress is told, and the next run asks nobody', async (context) => {
  const { peers, asked } = makePeers(context, { lacks, honest })
  const progress: ObtainProgress[] = []
  const { directory, precision } = await obtain(context, { peers, onProgress: (p) => progress.push(p) })
  await holdsModel(directory, context.files)
  const total = context.files.reduce((sum, { bytes }) => sum + bytes, 0)
  assert.equal(progress.at(-1), { done: total, total, unit: 'bytes' })
  assert.ok(progress.every(({ done }, i) => done >= (progress[i - 1]?.done ?? 0)))
  const scorer = await openScorer(directory, { cacheDir: context.cacheDir, precision, threads: 1 })
  assert.equal(scorer.model.files, context.files)
  await scorer.close()
  const before = asked.length
  assert.is((await obtain(context, { peers })).directory, directory)
  assert.is(asked.length, before)
  // what has rotted is got again
  await appendFile(join(directory, VISION), 'x')
  await obtain(context, { peers })
  await holdsModel(directory, context.files)
  assert.is(asked.length, before + 2)
})

test('a peer that gives other bytes is named, and the next one is asked', async (context) => {
  const lies: string[] = []
  const { peers, ofVision } = makePeers(context, { wrong, honest })
  const { directory } = await obtain(context, { peers, onLie: (peer) => lies.push(peer) })
  await holdsModel(directory, context.files)
  assert.equal(lies, ['wrong'])
  assert.equal(ofVision(), ['wrong from 0', 'honest from 0'])
})

test('without an end, too short, or broken: what it gave is not kept, and nobody is called a liar', async (context) => {
  const lies: string[] = []
  const onLie = (peer: string) => void lies.push(peer)
  const { peers, ofVision } = makePeers(context, { endless, short, refuses, lacks })
  const error = await refusal(obtain(context, { peers, onLie }))
  assert.is(error.code, 'campaign_model')
  assert.match(error.message, /vision_model\.onnx can't be had/)
  assert.match(error.message, /endless: more bytes than the campaign states; short: fewer bytes/)
  assert.match(error.message, /refuses: too many requests; lacks: it lacks it; its name is no address/)
  assert.equal(ofVision(), ['endless from 0', 'short from 0', 'refuses from 0', 'lacks from 0'])
  const [kept] = await readdir(context.cacheDir)
  assert.is((await stat(join(context.cacheDir, kept!, `${VISION}.part`))).size, 0)
  assert.equal(lies, [])
})

test('where one breaks off another goes on; the next run goes on as well', async (context) => {
  const cut = cutAfter(20)
  const { peers, ofVision } = makePeers(context, { cut, refuses })
  await refusal(obtain(context, { peers }))
  assert.equal(
    ofVision().filter((line) => line.startsWith('cut')),
    [0, 20, 40, 60, 80].map((offset) => `cut from ${offset}`),
  )
  const later = makePeers(context, { other: cutAfter(10), honest })
  await holdsModel((await obtain(context, { peers: later.peers })).directory, context.files)
  assert.equal(later.ofVision(), ['other from 100', 'honest from 110'])
})

test('one that adds to another’s lie is asked for all of it before it is called a liar', async (context) => {
  const lies: string[] = []
  const onLie = (peer: string) => void lies.push(peer)
  const deeds = { poison: cutAfter(100, wrong), honest }
  const { peers, ofVision } = makePeers(context, deeds)
  await holdsModel((await obtain(context, { peers, onLie })).directory, context.files)
  assert.equal(ofVision(), ['poison from 0', 'honest from 100', 'honest from 0'])
  assert.equal(lies, [])
})

test('a part that was whole when the process died is looked at, not got again', async (context) => {
  const { peers, ofVision } = makePeers(context, { honest })
  await refusal(obtain(context))
  const [kept] = await readdir(context.cacheDir)
  const part = join(context.cacheDir, kept!, `${VISION}.part`)
  await mkdir(join(part, '..'), { recursive: true })
  await cp(join(context.directory, VISION), part)
  await holdsModel((await obtain(context, { peers })).directory, context.files)
  assert.equal(ofVision(), [])
})

test('two runs at once: one gets it, both have it', async (context) => {
  const { peers, asked } = makePeers(context, { honest })
  const both = await Promise.all([obtain(context, { peers }), obtain(context, { peers })])
  assert.is(both[0].directory, both[1].directory)
  await holdsModel(both[0].directory, context.files)
  assert.is(asked.length, context.files.length)
})

test('called off, it ends with the reason, and keeps what it has', async (context) => {
  const ending = new AbortController()
  const slow: Deed = async function* (body, offset) {
    yield body.subarray(offset, offset + 100)
    ending.abort(new Error('enough'))
    throw new Error('the stream was aborted')
  }
  const { peers } = makePeers(context, { slow, honest })
  const error = await refusal(obtain(context, { peers, signal: ending.signal }))
  assert.is(error.message, 'enough')
  const [kept] = await readdir(context.cacheDir)
  assert.is((await stat(join(context.cacheDir, kept!, `${VISION}.part`))).size, 100)
})

test('files that no scorer reads are refused before anybody is asked', async (context) => {
  const { peers, asked } = makePeers(context, { honest })
  const file = { ...context.files[0]!, bytes: 1 }
  const strange = [
    '../escape',
    'onnx/../../escape',
    '/etc/passwd',
    'C:\\escape',
    'onnx/vision_model_../x.onnx',
    'readme',
  ]
  for (const path of strange) {
    const files = [...context.files, { ...file, path }]
    const error = await refusal(obtain({ ...context, files }, { peers }))
    assert.is(error.code, 'campaign_model', path)
    assert.match(error.message, /which no node can open: nothing reads /)
  }
  const lacking = await refusal(obtain({ ...context, files: context.files.slice(1) }, { peers }))
  assert.match(lacking.message, /it lacks config\.json/)
  assert.equal(asked, [])
  assert.equal(await readdir(context.cacheDir), [])
})

test('a model that there is no room for is not begun', async (context) => {
  const { peers, asked } = makePeers(context, { honest })
  assert.match((await refusal(obtain(context, { peers, maxBytes: 1000 }))).message, /room for 1 MB/)
  const files = context.files.map((file) => ({ ...file, bytes: 64 * 1024 ** 3 }))
  assert.match((await refusal(obtain({ ...context, files }, { peers }))).message, /make room/)
  assert.equal(asked, [])
})

test('another precision is opened as such', async (context) => {
  await writeTinyModel(context.directory, { side: 4, suffix: '_fp16' })
  const files = await readModelFiles(context.directory, 'fp16')
  const { peers } = makePeers({ ...context, files }, { honest })
  const { directory, precision } = await obtain({ ...context, files }, { peers })
  assert.is(precision, 'fp16')
  assert.equal(await readModelFiles(directory, 'fp16'), files)
})

test.run()
