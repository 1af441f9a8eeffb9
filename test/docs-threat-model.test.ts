import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ADVERSARIES } from './node/daemon/adversaries.ts'
import { assertThere, readCited } from './read-cited.ts'

const cited = readCited(readFileSync(new URL('../docs/threat-model.md', import.meta.url), 'utf8'))

const threats = suite('threat model')

threats('every test that it names is there', () => {
  assert.ok(cited.flatMap(({ names }) => names).length > 30)
  assertThere(cited)
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
