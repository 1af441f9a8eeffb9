import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp, { type Sharp } from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Score, Scorer } from '../../../node/components.ts'
import { openScorer } from '../../../node/score/score.ts'
import { testPicture } from '../../../node/score/test-picture.ts'

const EMBEDDED = fileURLToPath(new URL('../../../node/score/shoal-mini', import.meta.url))
const PHOTOS = fileURLToPath(new URL('../../../../shared/photos/coral/', import.meta.url))
const SIDE = 224

const test = suite<{ directory: string }>('scorer')
test.before(async (context) => {
  // a node opens no such files, and in the process of these tests there may have been one
  sharp.unblock({ operation: ['VipsForeignLoadSvgBuffer'] })
  context.directory = await mkdtemp(join(tmpdir(), 'shoal-score-'))
})
test.after(async ({ directory }) => rm(directory, { recursive: true, force: true }))

function open(directory: string, options: object = {}, model?: string): Promise<Scorer> {
  return openScorer(model, { cacheDir: directory, threads: 1, ...options })
}

async function cropOf(picture: Sharp): Promise<Uint8Array> {
  return picture.resize(SIDE, SIDE, { fit: 'cover', kernel: 'cubic' }).removeAlpha().raw().toBuffer()
}

test('the embedded model names itself, its files and its threshold', async ({ directory }) => {
  const scorer = await open(directory)
  await scorer.close()
  assert.equal(scorer.geometry, { mode: 'crop', resize: SIDE, width: SIDE, height: SIDE, kernel: 'cubic' })
  assert.equal(scorer.thresholds, { default: 0.23, languages: {} })
  assert.is(scorer.deviceClass, 'cpu/fp32')
  assert.is(scorer.model.repo, 'shoal-mini')
  const sums = (await readFile(join(EMBEDDED, 'SHA256SUMS'), 'utf8')).trim().split('\n')
  const published = new Map(sums.map((line) => line.split(/\s+/).reverse() as [string, string]))
  const paths = ['config.json', 'onnx/text_model.onnx', 'onnx/vision_model.onnx', 'preprocessor_config.json']
  assert.equal(
    scorer.model.files.map(({ path }) => path),
    [...paths, 'tokenizer.json', 'tokenizer_config.json'],
  )
  for (const { path, sha256 } of scorer.model.files) assert.is(sha256, published.get(path), path)
})

test('one side alone is embedded as it is in a pair', async ({ directory }) => {
  const scorer = await open(directory)
  const crop = testPicture(1, SIDE, SIDE)
  const { similarity, embedding } = await scorer.score(crop, 'red balloon')
  const [image, text] = await Promise.all([scorer.embed({ crop }), scorer.embed({ text: 'red balloon' })])
  assert.equal(image, embedding)
  assert.is(text.length, embedding.length)
  const cosine = text.reduce((sum, value, i) => sum + value * embedding[i]!, 0)
  assert.ok(Math.abs(cosine - similarity) < 1e-6, `${cosine} is not ${similarity}`)
  const short = await scorer.embed({ crop: crop.subarray(3) }).catch((error) => error.code)
  await scorer.close()
  assert.is(short, 'score_crop')
  assert.is(await scorer.embed({ text: 'late' }).catch((error) => error.code), 'score_closed')
})

test("a pair's bits depend neither on its neighbours, nor on the batch, nor on the threads", async ({
  directory,
}) => {
  const words = 'a red dog and two small children run through the deep snow near an old wooden house'.split(
    ' ',
  )
  const pairs = Array.from({ length: 37 }, (_, i) => ({
    crop: testPicture(i, SIDE, SIDE),
    text: words.slice(0, 1 + ((i * 7) % words.length)).join(' '),
  }))
  const run = async (order: number[], options: object, wait: boolean) => {
    const scorer = await open(directory, options)
    const scores: Score[] = []
    await Promise.all(
      order.map(async (i) => {
        scores[i] = await scorer.score(pairs[i]!.crop, pairs[i]!.text)
      }),
    )
    // the last one once more, all alone
    if (wait) scores.push(await scorer.score(pairs[0]!.crop, pairs[0]!.text))
    await scorer.close()
    return scores
  }
  const order = pairs.map((_, i) => i)
  const straight = await run(order, { batch: 16 }, true)
  const shuffled = await run(
    order.toSorted((a, b) => ((a * 29) % 37) - ((b * 29) % 37)),
    { batch: 5, threads: 2 },
    false,
  )
  const crowded = await run(order, { batch: 16, threads: 6 }, true)
  const alone = straight.pop()!
  assert.equal(crowded.pop(), alone)
  assert.equal(crowded, straight)
  assert.is(alone.similarity, straight[0]!.similarity)
  assert.equal(alone.embedding, straight[0]!.embedding)
  for (const i of order) {
    assert.is(shuffled[i]!.similarity, straight[i]!.similarity, `similarity of pair ${i}`)
    assert.equal(shuffled[i]!.embedding, straight[i]!.embedding, `embedding of pair ${i}`)
  }
  for (const { embedding } of straight) {
    assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-6)
  }
})

test('a flag is most like its own name', async ({ directory }) => {
  const flags = {
    'flag of Japan':
      '<rect width="90" height="60" fill="#fff"/><circle cx="45" cy="30" r="18" fill="#bc002d"/>',
    'flag of France': stripes(['#002654', '#fff', '#ce1126'], 'upright'),
    'flag of Germany': stripes(['#000', '#d00', '#ffce00'], 'level'),
    'flag of Ukraine': stripes(['#005bbb', '#ffd500'], 'level'),
  }
  const names = Object.keys(flags)
  const scorer = await open(directory)
  const scores = await Promise.all(
    Object.values(flags).map(async (shapes) => {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-15 -30 120 120" width="448" height="448"><rect x="-15" y="-30" width="120" height="120" fill="#eee"/>${shapes}</svg>`
      const crop = await cropOf(sharp(Buffer.from(svg)))
      return Promise.all(names.map(async (name) => (await scorer.score(crop, name)).similarity))
    }),
  )
  await scorer.close()
  for (const [i, row] of scores.entries()) {
    assert.is(row.indexOf(Math.max(...row)), i, `${names[i]}: ${row.map((s) => s.toFixed(2))}`)
    assert.ok(row[i]! > 0.23, `${names[i]} is kept: ${row[i]}`)
  }
})

test('a photo is most like its own caption', async ({ directory }) => {
  const captions = {
    'sunflower.bmp.png': 'a sunflower',
    'face.jpg': 'a woman smiling',
    'parrot.jpg': 'a parrot',
    'squat.bmp.png': 'a man in a suit',
  }
  if ((await readFile(join(PHOTOS, 'parrot.jpg')).catch(() => null)) === null) {
    console.log(`skipped: no photos in ${PHOTOS}`)
    return
  }
  const texts = [...Object.values(captions), 'a red sports car on a race track', 'flag of Japan']
  const scorer = await open(directory)
  for (const [file, caption] of Object.entries(captions)) {
    const crop = await cropOf(sharp(await readFile(join(PHOTOS, file))))
    const row = await Promise.all(texts.map(async (text) => (await scorer.score(crop, text)).similarity))
    assert.is(texts[row.indexOf(Math.max(...row))], caption, `${file}: ${row.map((s) => s.toFixed(2))}`)
  }
  await scorer.close()
})

test('a device that strays from the golden scores is refused', async ({ directory }) => {
  const copy = join(directory, 'strayed')
  await cp(EMBEDDED, copy, { recursive: true })
  const shoal = JSON.parse(await readFile(join(copy, 'shoal.json'), 'utf8'))
  assert.ok(shoal.golden.length > 1)
  shoal.golden[1].similarity += 0.002
  await writeFile(join(copy, 'shoal.json'), JSON.stringify(shoal))
  const error = await open(directory, {}, copy).then(
    () => null,
    (e) => e,
  )
  assert.is(error?.code, 'model_golden')
  assert.match(error.message, /fp32 is 0\.0020 off .* 0\.0005 is allowed/)
})

test('pairs that have not had their turn are refused on closing, and a closed scorer takes none', async ({
  directory,
}) => {
  const scorer = await open(directory, { batch: 2 })
  const crop = testPicture(0, SIDE, SIDE)
  const states = Array.from({ length: 9 }, () =>
    scorer.score(crop, 'a dog').then(
      () => 'scored',
      (e) => e.code as string,
    ),
  )
  await scorer.close()
  const settled = await Promise.all(states)
  assert.equal(new Set(settled), new Set(['scored', 'score_closed']))
  assert.is(await scorer.score(crop, 'a dog').catch((e) => e.code), 'score_closed')
  await scorer.close()
})

test('a crop of another size is refused, and the next pair scored', async ({ directory }) => {
  const scorer = await open(directory)
  assert.is(await scorer.score(new Uint8Array(12), 'a dog').catch((e) => e.code), 'score_crop')
  const crop = testPicture(3, SIDE, SIDE)
  const before = crop.slice()
  assert.ok(Number.isFinite((await scorer.score(crop, '')).similarity))
  assert.equal(crop, before)
  await scorer.close()
})

function stripes(colours: string[], direction: 'upright' | 'level'): string {
  return colours
    .map((colour, i) => {
      const [w, h] = direction === 'upright' ? [90 / colours.length, 60] : [90, 60 / colours.length]
      const at = direction === 'upright' ? `x="${i * w}" y="0"` : `x="0" y="${i * h}"`
      return `<rect ${at} width="${w}" height="${h}" fill="${colour}"/>`
    })
    .join('')
}

test.run()
