import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { assertThere, readCited } from './read-cited.ts'

const page = readFileSync(new URL('../docs/answers.md', import.meta.url), 'utf8')
const [, ...sections] = page.split(/^## /m)
const sources = sections.pop()!
const PARTS = ['Said', 'Shoal', 'Shown by', 'Open']

const answers = suite('answers to criticism')

answers('each says what was said, what Shoal does, what shows it and what stays open', () => {
  assert.ok(sections.length >= 10)
  for (const section of sections) {
    const title = section.split('\n')[0]!
    const parts = [...section.matchAll(/^\*\*([^*]+)\.\*\* ./gm)].map(([, part]) => part)
    assert.equal(parts, PARTS, title)
    const shown = section.slice(section.indexOf('**Shown by.**'), section.indexOf('**Open.**'))
    assert.ok(readCited(shown).length > 0, title)
  }
})

answers('every test that it names is there', () => {
  const cited = readCited(page)
  assert.ok(cited.flatMap(({ names }) => names).length > 20)
  for (const { path, names } of cited) assert.ok(names.length > 0, path)
  assertThere(cited)
})

answers('what was said has a source, and every source was used', () => {
  const names = [...sources.matchAll(/^- \*\*([^*]+)\*\*: /gm)].map(([, name]) => name!)
  const used = sections.flatMap((section) => {
    const said = section
      .slice(section.indexOf('**Said.**'), section.indexOf('**Shoal.**'))
      .replace(/\s+/g, ' ')
    const named = names.filter((name) => new RegExp(`[(,] ?${name}[,)]`).test(said))
    assert.ok(named.length > 0, section.split('\n')[0])
    const years = [...said.matchAll(/\(([^()]+ (?:\d{4}|FAQ)(?:, [^()]+ \d{4})*)\)/g)].flatMap(([, list]) =>
      list!.split(', '),
    )
    for (const name of years) assert.ok(names.includes(name), name)
    return named
  })
  assert.equal([...new Set(used)].sort(), names.sort())
})

answers.run()
