import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { normalizeText } from '../../../node/crawl/normalize-text.ts'
import { openTokenizer } from '../../../node/score/tokenize.ts'

const SHARED = new URL('../../../../shared/', import.meta.url)
const EMBEDDED = new URL('../../../node/score/shoal-mini/', import.meta.url)
const test = suite('tokenize')

async function open(directory: URL, context = 77) {
  const json = async (name: string) => JSON.parse(await readFile(new URL(name, directory), 'utf8'))
  return openTokenizer(await json('tokenizer.json'), await json('tokenizer_config.json'), {
    context,
    padId: null,
  })
}

test("ids are those of OpenAI's tokeniser", async () => {
  const path = new URL('vectors/clip-tokenizer.json', SHARED)
  const file = await readFile(path, 'utf8').catch(() => null)
  if (file === null) {
    console.log(`skipped: no ${fileURLToPath(path)}`)
    return
  }
  const { vectors } = JSON.parse(file) as { vectors: { text: string; ids: number[] }[] }
  const tokens = await open(new URL('models/clip-tokenizer/', SHARED))
  assert.is(tokens.padId, 49407)
  assert.ok(vectors.length > 20)
  for (const { text, ids } of vectors) assert.equal(tokens.encode(normalizeText(text)), ids, text)
})

test('a text that is too long keeps its first ids and the end', async () => {
  const whole = (await open(EMBEDDED)).encode(' dog'.repeat(60))
  assert.is(whole.length, 62)
  const cut = (await open(EMBEDDED, 10)).encode(' dog'.repeat(60))
  assert.equal(cut, [...whole.slice(0, 9), 2])
  const longest = (await open(EMBEDDED)).encode(' dog'.repeat(2000))
  assert.is(longest.length, 77)
  assert.equal([longest[0], longest[1] === longest[75], longest[76]], [1, true, 2])
})

test('an empty text is its marks, and the pad token is the model’s', async () => {
  const tokens = await open(EMBEDDED)
  assert.equal(tokens.encode(''), [1, 2])
  assert.is(tokens.padId, 0)
})

test.run()
