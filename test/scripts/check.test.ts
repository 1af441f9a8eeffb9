import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkFile, checkLock } from '../../scripts/check-rules.ts'

const rules = suite('rules of the house')

const quiet = (path: string, text: string) => assert.equal(checkFile(path, text), [])

function finds(path: string, text: string, message: RegExp, line = 1) {
  const findings = checkFile(path, text)
  assert.is(findings.length, 1, JSON.stringify(findings))
  assert.match(findings[0]!.message, message)
  assert.is(findings[0]!.line, line)
}

rules('arrows point down', () => {
  quiet('cli/a.ts', "import { b } from '../node/node.ts'\nimport { c } from '../protocol/c.ts'\n")
  quiet('node/a.ts', "import { c } from '../protocol/c.ts'\n")
  quiet('scripts/a.ts', "import { b } from '../cli/b.ts'\n")
  quiet('node/version.ts', "import manifest from '../package.json' with { type: 'json' }\n")
  finds('node/a.ts', "\nimport { b } from '../cli/b.ts'\n", /node\/ imports cli\//, 2)
  finds('protocol/a.ts', "import type { B } from '../node/b.ts'\n", /protocol\/ imports node\//)
  finds('cli/a.ts', "const { b } = await import('../scripts/b.ts')\n", /cli\/ imports scripts\//)
  finds('node/a.ts', "export {\n  b,\n} from '../test/b.ts'\n", /node\/ imports test\//, 3)
})

rules('a part has one door', () => {
  quiet('node/crawl/a.ts', "import { b } from './b.ts'\n")
  quiet('node/work/a.ts', "import { open } from '../crawl/crawl.ts'\n")
  quiet('test/node/crawl/warc.ts', "import { b } from '../../../node/crawl/warc.ts'\n")
  finds(
    'node/work/a.ts',
    "import { b } from '../crawl/warc.ts'\n",
    /behind a door: import node\/crawl\/crawl\.ts/,
  )
  finds('cli/a.ts', "import { b } from '../node/crawl/warc.ts'\n", /behind a door/)
})

rules('protocol only computes', () => {
  quiet(
    'protocol/a.ts',
    "import { CID } from 'multiformats/cid'\nimport { sha256 } from '@noble/hashes/sha2.js'\n",
  )
  quiet(
    'protocol/a.ts',
    '// Date.now() comes in as an argument\n/* Math.random too */\nconst at = new Date(0)\n',
  )
  quiet('node/a.ts', "import { open } from 'node:fs'\nDate.now()\n")
  finds('protocol/a.ts', "import { createHash } from 'node:crypto'\n", /imports node:crypto/)
  finds('protocol/a.ts', "import { request } from 'undici'\n", /imports undici/)
  finds('protocol/a.ts', 'const at = 1\nconst now = Date.now()\n', /the clock/, 2)
  finds('protocol/a.ts', 'const now = new Date()\n', /the clock/)
  finds('protocol/a.ts', 'const n = performance.now()\n', /the clock/)
  finds('protocol/a.ts', 'const n = Math.random()\n', /randomness/)
  finds('protocol/a.ts', 'const b = Buffer.from(a)\n', /Node's own globals/)
})

rules('names say something', () => {
  quiet('node/indexes.ts', '')
  for (const name of ['utils', 'util', 'common', 'helpers', 'types', 'index'])
    finds(`node/${name}.ts`, 'const a = 1\n', /says nothing/)
})

rules('only what Node can strip', () => {
  quiet('node/a.ts', 'const enumerated = 1\nconst name = "enum A"\n')
  finds('node/a.ts', 'export const enum A { B }\n', /an enum/)
  finds('node/a.ts', 'namespace A {}\n', /a namespace/)
  finds('node/a.ts', 'export interface IPair {}\n', /an I before/)
})

rules('long files have a reason', () => {
  quiet('node/a.ts', 'a()\n'.repeat(300))
  finds('node/a.ts', 'a()\n'.repeat(301), /301 lines/, 301)
  finds('node/components.ts', 'a()\n', /take it out of LONG_FILES/)
})

rules('nothing is left for later', () => {
  finds('node/a.ts', `a()\n// ${'TO'}${'DO'}: all of it\n`, /unfinished/, 2)
})

rules('every suite runs', () => {
  const head = "import { suite } from 'uvu'\nconst a = suite('a')\n"
  quiet('test/a.test.ts', `${head}a.run()\n`)
  finds('test/a.test.ts', head, /a\.run\(\) is missing/)
  finds('test/a.test.ts', `${head}// a.run()\n`, /a\.run\(\) is missing/)
  finds('test/a.test.ts', `${head}const b = suite('b')\na.run()\n`, /b\.run\(\) is missing/)
  finds('test/a.test.ts', "import { test } from 'uvu'\n", /test\.run\(\) is missing/)
  finds('test/a.test.ts', 'const a = 1\n', /no suite/)
  finds('test/a.test.ts', `${head}a.only('x', () => {})\na.run()\n`, /only\(\)/, 3)
})

rules('the lock file has every build', () => {
  const lock = (packages: object) => JSON.stringify({ packages }, null, 2)
  const tool = { version: '1.0.0', optionalDependencies: { 'tool-linux': '1.0.0' } }
  assert.equal(checkLock('l', lock({ 'node_modules/tool': tool, 'node_modules/tool-linux': {} })), [])
  assert.equal(
    checkLock('l', lock({ 'node_modules/tool': tool, 'node_modules/a/node_modules/tool-linux': {} })),
    [],
  )
  const [finding] = checkLock('l', lock({ 'node_modules/tool': tool }))
  assert.match(finding!.message, /tool-linux is missing/)
  assert.is(finding!.line, 3)
})

rules.run()
