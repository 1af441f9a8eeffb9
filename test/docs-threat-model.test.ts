import { existsSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ADVERSARIES } from './node/daemon/adversaries.ts'

const ROOT = new URL('../', import.meta.url)
const text = readFileSync(new URL('docs/threat-model.md', ROOT), 'utf8').replace(/\s+/g, ' ')
/** A file's path, and the names of tests that follow it in quotation marks. */
const cited = [...text.matchAll(/`(test\/[\w/.-]+)`(?:: ((?:"[^"]+"(?:, )?)+))?/g)].map(
  ([, path, names]) => ({
    path: path!,
    names: [...(names ?? '').matchAll(/"([^"]+)"/g)].map(([, name]) => name!),
  }),
)

const threats = suite('threat model')

threats('every test that it names is there', () => {
  const names = cited.flatMap(({ names }) => names)
  assert.ok(names.length > 30)
  for (const { path, names } of cited) {
    assert.ok(existsSync(new URL(path, ROOT)), path)
    const tests = readFileSync(new URL(path, ROOT), 'utf8')
    for (const name of names) assert.ok(tests.includes(name), `${path}: ${name}`)
  }
})

threats('it names every adversary', () => {
  const named = cited.flatMap(({ path, names }) => (path.endsWith('adversaries.ts') ? names : []))
  assert.equal(
    named.sort(),
    Object.values(ADVERSARIES)
      .map(({ name }) => name)
      .sort(),
  )
})

threats.run()
