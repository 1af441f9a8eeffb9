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

vectors.run()
