import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Tokenizer } from '@huggingface/tokenizers'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { referenceCrops, referenceTokens } from '../../../node/score/reference.ts'
import { openTokenizer } from '../../../node/score/tokenize.ts'

const CLIP = new URL('../../../../shared/models/clip-tokenizer/tokenizer.json', import.meta.url)
const GEOMETRY = { mode: 'crop', resize: 224, width: 224, height: 224, kernel: 'cubic' } as const
const test = suite('references')

test('CLIP’s tokens are those of the reference', async () => {
  const file = await readFile(CLIP, 'utf8').catch(() => null)
  if (file === null) return console.log(`skipped: no ${fileURLToPath(CLIP)}`)
  const json = JSON.parse(file)
  const reference = await referenceTokens(new Tokenizer(json, {}).get_vocab(true))
  assert.ok(reference)
  assert.is(reference.of, "OpenAI's CLIP")
  const tokens = openTokenizer(json, {}, { context: 77, padId: null })
  for (const { text, ids } of reference.vectors) assert.equal(tokens.encode(text), ids, text)
})

test('there is none for other tokenisers and other crops', async () => {
  assert.is(await referenceTokens(new Map([['a', 0]])), null)
  assert.is(await referenceCrops({ ...GEOMETRY, kernel: 'lanczos3' }), null)
  assert.is(await referenceCrops({ ...GEOMETRY, resize: 256 }), null)
})

test('pictures are drawn as they were for the reference', async () => {
  const reference = await referenceCrops(GEOMETRY)
  assert.ok(reference)
  const sides = Math.ceil(GEOMETRY.width / reference.step)
  for (const { source, samples } of reference.crops) {
    assert.is(samples.length, 3 * sides * sides)
    if ('rgb' in source) assert.is(source.rgb.length, 3 * source.width * source.height)
  }
  assert.equal(
    reference.crops.map(({ isEnlarged }) => isEnlarged),
    [false, false, false, true, false, false],
  )
})

test.run()
