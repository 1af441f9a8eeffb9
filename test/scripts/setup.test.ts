import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const setup = suite<{ dir: string }>('setup')
const SCRIPT = fileURLToPath(new URL('../../scripts/setup.mjs', import.meta.url))

/** Plays `npm ci`: installs what the lock file says, and talks on standard output as npm does. */
const NPM = `
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
console.log('added 1 package', ...process.argv.slice(2))
if (process.env.NPM_FAILS) process.exit(1)
mkdirSync('node_modules/.bin', { recursive: true })
writeFileSync(process.platform === 'win32' ? 'node_modules/.bin/node.cmd' : 'node_modules/.bin/node', '')
cpSync('package-lock.json', 'node_modules/.package-lock.json')
`

setup.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'shoal-setup-'))
  mkdirSync(join(context.dir, 'scripts'))
  cpSync(SCRIPT, join(context.dir, 'scripts', 'setup.mjs'))
  writeFileSync(join(context.dir, 'npm.js'), NPM)
  writeFileSync(join(context.dir, 'package.json'), '{"type":"module"}')
  lock(context.dir, '1.0.0')
})
setup.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }))

function lock(dir: string, version: string) {
  const packages = {
    '': { name: 'shoal' },
    'node_modules/a': { version, integrity: `sha512-${version}` },
    'node_modules/a-windows': { version, optional: true },
  }
  writeFileSync(join(dir, 'package-lock.json'), JSON.stringify({ packages }))
}

function run(dir: string, env: Record<string, string> = {}) {
  const started = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(dir, 'scripts', 'setup.mjs')], {
    env: {
      PATH: process.env.PATH,
      npm_execpath: join(dir, 'npm.js'),
      npm_node_execpath: process.execPath,
      ...env,
    },
    cwd: tmpdir(),
    encoding: 'utf8',
    timeout: 240_000,
  })
  return { status, stdout, stderr, ms: performance.now() - started }
}

setup('a fresh checkout is installed, and standard output stays free', ({ dir }) => {
  const { status, stdout, stderr } = run(dir)
  assert.is(status, 0, stderr)
  assert.is(stdout, '')
  assert.match(stderr, /not installed yet[\s\S]*added 1 package ci /)
})

setup('it is silent and quick where nothing is due', ({ dir }) => {
  run(dir)
  const runs = [run(dir), run(dir), run(dir)]
  for (const { status, stdout, stderr } of runs) assert.equal([status, stdout, stderr], [0, '', ''])
  // 100 ms is the aim, of which Node's start takes half; busy machines take longer
  const best = Math.min(...runs.map(({ ms }) => ms))
  assert.ok(best < 500, `${best} ms`)
})

setup('a changed lock file is installed', ({ dir }) => {
  run(dir)
  lock(dir, '1.0.1')
  assert.match(run(dir).stderr, /package-lock\.json has changed \(a\)/)
  assert.is(run(dir).stderr, '')
})

setup('an installation that was broken off is begun anew', ({ dir }) => {
  run(dir)
  rmSync(join(dir, 'node_modules', '.package-lock.json'))
  assert.match(run(dir).stderr, /not installed yet/)
})

setup('builds for other platforms are not missed', ({ dir }) => {
  run(dir)
  const installed = join(dir, 'node_modules', '.package-lock.json')
  const { packages } = JSON.parse(readFileSync(installed, 'utf8'))
  delete packages['node_modules/a-windows']
  writeFileSync(installed, JSON.stringify({ packages }))
  assert.is(run(dir).stderr, '')
})

setup('a failed installation says what to do', ({ dir }) => {
  const { status, stdout, stderr } = run(dir, { NPM_FAILS: '1' })
  assert.is(status, 1)
  assert.is(stdout, '')
  assert.match(stderr, /setup: npm could not install the packages[^\n]*registry[^\n]*try again\n$/)
})

setup('every script of npm that needs the packages sets up first', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const own = Object.keys(scripts).filter((name) => !name.startsWith('pre'))
  for (const name of own) assert.is(scripts[`pre${name}`], 'node scripts/setup.mjs', name)
})

setup.run()
