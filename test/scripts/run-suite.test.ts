import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const running = suite('running a suite')
const script = fileURLToPath(new URL('../../scripts/run-suite.ts', import.meta.url))
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))
const FILE = (body: string) => `import { suite } from 'uvu'\nconst s = suite('s')\n${body}\ns.run()\n`
let dir: string

running.before.each(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-suite-'))
  await mkdir(join(dir, 'test'))
  await symlink(modules, join(dir, 'node_modules'))
})
running.after.each(() => rm(dir, { recursive: true }))

async function run(files: Record<string, string>) {
  for (const [name, body] of Object.entries(files))
    await writeFile(join(dir, 'test', `${name}.test.mjs`), FILE(body))
  const args = [script, '\\.test\\.mjs$', join(dir, 'summary')]
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: dir,
    encoding: 'utf8',
    timeout: 240_000,
  })
  const summary = await readFile(join(dir, 'summary'), 'utf8').catch(() => '')
  return { status, stdout, summary }
}

running('passes what passes, once', async () => {
  const { status, summary, stdout } = await run({ a: "s('holds', () => {})" })
  assert.is(status, 0, stdout)
  assert.is(summary, '')
  assert.not.match(stdout, /again/)
})

running('runs a file that failed again, and says that it was unstable', async () => {
  const once = `import { existsSync, writeFileSync } from 'node:fs'
s('passes the second time', () => { if (!existsSync('been')) { writeFileSync('been', ''); throw new Error('busy') } })`
  const { status, summary, stdout } = await run({ a: once, b: "s('holds', () => {})" })
  assert.is(status, 0, stdout)
  assert.match(summary, /^UNSTABLE: test\/a\.test\.mjs\n {2}.*passes the second time.*busy/)
})

running(
  'fails what fails twice, dies, or whose hook throws; what stood behind it runs all the same',
  async () => {
    const { status, summary } = await run({
      a: "s('lies', () => { throw new Error('wrong') })",
      b: "s('dies', () => process.exit(3))",
      c: "s.before(() => { throw new Error('hook') })\ns('never runs', () => {})",
      d: "s('lies as well', () => { throw new Error('wrong, too') })",
    })
    assert.is(status, 1)
    assert.match(summary, /FAILED: test\/a\.test\.mjs\n {2}.*lies": wrong\n/)
    assert.match(summary, /FAILED: test\/b\.test\.mjs\n {2}the run broke off \(exit code 3\)/)
    assert.match(summary, /FAILED: test\/c\.test\.mjs\n {2}1 tests never ran/)
    assert.match(summary, /FAILED: test\/d\.test\.mjs\n {2}.*wrong, too/)
  },
)

running.run()
