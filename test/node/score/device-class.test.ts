import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { filesOf, isOfModel, readModelFiles, tellPrecisions } from '../../../node/score/model-files.ts'
import { EMBEDDED, obtainModel, openScorer, precisionLike } from '../../../node/score/score.ts'
import { testPicture } from '../../../node/score/test-picture.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { quantiseModel } from '../../../scripts/quantise-model.ts'
import { type TinyModel, writeTinyModel } from './tiny-model.ts'

const test = suite<{ directory: string; mini: string }>('device classes')
test.before(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'shoal-class-'))
  context.mini = join(context.directory, 'mini')
  assert.equal(await quantiseModel(EMBEDDED, context.mini), { text: 9, vision: 18 })
})
test.after(async ({ directory }) => rm(directory, { recursive: true, force: true }))

const refusal = (promise: Promise<unknown>): Promise<ShoalError> =>
  promise.then(
    () => assert.unreachable(),
    (error) => error,
  )

test('int8 of the embedded model is a class of its own, near to fp32, and the same bits with any threads and batch', async ({
  directory,
  mini,
}) => {
  const open = (path: string, options: object) => openScorer(path, { cacheDir: directory, ...options })
  const plain = await open(EMBEDDED, { threads: 1 })
  const one = await open(mini, { precision: 'quantized', threads: 1, batch: 2 })
  const other = await open(mini, { precision: 'quantized', threads: 3, batch: 7 })
  const pictures = Array.from({ length: 8 }, (_, i) => testPicture(i, 224, 224))
  const [fp32, int8, again] = await Promise.all(
    [plain, one, other].map((scorer) =>
      Promise.all(pictures.map((picture) => scorer.score(picture, 'a red balloon'))),
    ),
  )
  assert.equal([plain.deviceClass, one.deviceClass], ['cpu/fp32', 'cpu/int8'])
  assert.equal(int8, again)
  const apart = int8!.map(({ similarity }, i) => Math.abs(similarity - fp32![i]!.similarity))
  // else it would not be int8
  assert.ok(Math.max(...apart) > 1e-5 && Math.max(...apart) < 0.02, `${apart}`)
  await Promise.all([plain, one, other].map((scorer) => scorer.close()))
})

test('a quantisation that is broken is refused, with how far it is off', async ({ directory, mini }) => {
  const broken = join(directory, 'broken')
  await cp(mini, broken, { recursive: true })
  const shoal = JSON.parse(await readFile(join(broken, 'shoal.json'), 'utf8'))
  shoal.golden[2].similarity += 0.06
  await writeFile(join(broken, 'shoal.json'), JSON.stringify(shoal))
  const { code, message } = await refusal(
    openScorer(broken, { cacheDir: directory, precision: 'quantized', threads: 1 }),
  )
  assert.is(code, 'model_golden')
  assert.match(message, /int8 is 0\.0\d+ off what fp32 gives .* 0\.05 is allowed/)
})

test('without golden pairs the plain files beside are the measure, and the plain ones are their own', async ({
  directory,
}) => {
  const open = async (name: string, quantised: TinyModel | null, precision: string) => {
    const path = join(directory, name)
    await writeTinyModel(path)
    if (quantised) await writeTinyModel(path, { ...quantised, suffix: '_quantized' })
    return openScorer(path, { cacheDir: directory, threads: 1, precision })
  }
  const near = await open('near', {}, 'quantized')
  assert.is(near.deviceClass, 'cpu/int8')
  await near.close()
  await (await open('alone', null, 'fp32')).close()
  const weights = Array.from({ length: 9 }, (_, i) => ((i * 3) % 5) - 1.5)
  assert.is((await refusal(open('far', { weights }, 'quantized'))).code, 'model_golden')
})

test('of a campaign in several precisions a node has one, whole', async ({ directory, mini }) => {
  const both = join(directory, 'both')
  await cp(mini, both, { recursive: true })
  for (const tower of ['text', 'vision'])
    await copyFile(join(EMBEDDED, `onnx/${tower}_model.onnx`), join(both, `onnx/${tower}_model.onnx`))
  const plain = await readModelFiles(both, 'fp32')
  const int8 = await readModelFiles(both, 'quantized')
  const files = [...new Map([...int8, ...plain].map((file) => [file.path, file])).values()]
  const model = { repo: 'shoal-mini', files }
  assert.equal(tellPrecisions(model), ['fp32', 'quantized'])
  assert.equal(filesOf(files, 'quantized'), int8)
  for (const own of [plain, int8]) assert.ok(isOfModel({ files: own }, model))
  // all of them, a part of one, or another file in its place, is no model
  const odd = [{ ...int8[0]!, sha256: '0'.repeat(64) }, ...int8.slice(1)]
  for (const own of [files, int8.slice(1), odd]) assert.not(isOfModel({ files: own }, model))
  const strange = { path: 'onnx/vision_model_int8.onnx', sha256: '0'.repeat(64), bytes: 1 }
  const twice = { ...model, files: [...files, strange, { ...strange, path: 'onnx/text_model_int8.onnx' }] }
  for (const list of [twice, { ...model, files: [...files, strange] }, { ...model, files: int8.slice(1) }])
    assert.throws(() => tellPrecisions(list), /which no node can open/)

  const obtain = (given: string[], precision?: string) =>
    obtainModel(model, { cacheDir: join(directory, 'cache'), given, offline: true, precision })
  const found = async (given: string[], precision?: string) => (await obtain(given, precision)).precision
  assert.is(await found([both]), 'fp32')
  assert.is(await found([both], 'quantized'), 'quantized')
  assert.is(await found([mini]), 'quantized')
  assert.is(await found([mini, EMBEDDED]), 'fp32')
  assert.is((await refusal(obtain([both], 'q4'))).code, 'model_precision')
  assert.is((await refusal(obtain([EMBEDDED], 'quantized'))).code, 'campaign_model')

  const precisions = ['fp32', 'quantized']
  assert.equal(
    ['cpu/fp32', 'cuda/fp32', 'cpu/int8', 'cpu/fp16', ''].map((one) => precisionLike(one, precisions)),
    ['fp32', 'fp32', 'quantized', null, null],
  )
})

test.run()
