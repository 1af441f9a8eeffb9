import { readdir, readFile } from 'node:fs/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeVectors } from '../../scripts/make-vectors.ts'

const vectors = suite('vectors')
const folder = new URL('../../protocol/vectors/', import.meta.url)

vectors('the files are what scripts/make-vectors.ts writes', async () => {
  const made = await makeVectors()
  assert.equal((await readdir(folder)).sort(), Object.keys(made).sort())
  for (const [name, text] of Object.entries(made)) {
    assert.is(
      await readFile(new URL(name, folder), 'utf8'),
      text,
      `${name}: run node scripts/make-vectors.ts`,
    )
  }
})

vectors('no two cases of a file share a name', async () => {
  for (const [name, text] of Object.entries(await makeVectors())) {
    const comments: string[] = JSON.parse(text).cases.map(({ comment }: { comment: string }) => comment)
    assert.equal(comments, [...new Set(comments)], name)
  }
})

vectors('a test reads each file', async () => {
  const tests = new URL('../', import.meta.url)
  const paths = (await readdir(tests, { recursive: true })).filter((path) => path.endsWith('.test.ts'))
  const texts = await Promise.all(paths.map((path) => readFile(new URL(path, tests), 'utf8')))
  const calls = texts.flatMap((text) => [...text.matchAll(READ)].map(([, name]) => `${name}.json`))
  assert.equal((await readdir(folder)).sort(), [...new Set(calls)].sort())
})

const READ = /\b(?:readCases<[^(]+>|testRecord)\(\s*'([a-z-]+)'/g

vectors.run()
