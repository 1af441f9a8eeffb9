import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { askDaemon } from '../../node/control.ts'
import type { Status } from '../../node/daemon/daemon.ts'
import { makeCrawl } from '../node/work/made-crawl.ts'

/** The package as a volunteer gets it: packed, and installed in an empty directory of a machine with an empty home. */
const packed = suite('the packed program')
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const INSTALL_MS = 600_000
const COMMAND_MS = 120_000
/** Milliseconds from the one command to the first pair that it has scored. */
const FIRST_PAIR_MS = 60_000
/** Bytes: the embedded model is five million of them. */
const MAX_PACKED = 10_000_000

let dir = ''
let app = ''
let dataDir = ''
let isInstalled = false

/** What the host itself has: its own Node and npm, and not this project's. */
const env = () => ({
  PATH: (process.env.PATH ?? '')
    .split(delimiter)
    .filter((path) => !path.includes('node_modules'))
    .join(delimiter),
  HOME: join(dir, 'home'),
  npm_config_cache: process.env.npm_config_cache ?? join(homedir(), '.npm'),
  npm_config_update_notifier: 'false',
})

function start(file: string, args: string[], cwd: string, limitMs: number) {
  const child = spawn(file, args, { cwd, env: env(), timeout: limitMs, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes) => (stdout += bytes))
  child.stderr.on('data', (bytes) => (stderr += bytes))
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, stdout, stderr }))
  return { child, ended, said: () => stdout }
}

const run = (file: string, args: string[], cwd = app, limitMs = COMMAND_MS) =>
  start(file, args, cwd, limitMs).ended

packed.before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'shoal-packed-'))
  app = join(dir, 'app')
  dataDir = join(dir, 'home', '.local', 'share', 'shoal')
  for (const one of [app, join(dir, 'home')]) mkdirSync(one)
  const packing = await run('npm', ['pack', '--silent', '--pack-destination', dir], ROOT, INSTALL_MS)
  assert.is(packing.status, 0, packing.stderr)
  const tarball = join(dir, packing.stdout.trim().split('\n').at(-1)!)
  assert.ok(statSync(tarball).size < MAX_PACKED, `the package has ${statSync(tarball).size} bytes`)
  // npm would go on to a directory above that has one
  writeFileSync(join(app, 'package.json'), '{}')
  const { status, stderr } = await run(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', tarball],
    app,
    INSTALL_MS,
  )
  isInstalled = status === 0
  if (isInstalled) return
  assert.match(stderr, /ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENOTCACHED/, stderr)
  console.log(`skipped: npm's registry is out of reach\n${stderr}`)
})

packed.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))

packed('one command leads to the first scored pair in under a minute', async () => {
  if (!isInstalled) return
  const warc = join(dir, 'crawl.warc.gz')
  writeFileSync(warc, makeCrawl(40).warc)
  const began = performance.now()
  const { child, ended, said } = start(
    'npx',
    ['shoal', '--campaign', warc, '--offline', '--local', '--gateway', 'none', '--json'],
    app,
    COMMAND_MS,
  )
  try {
    let status: Status | undefined
    while (performance.now() - began < FIRST_PAIR_MS && !hasScored(status)) {
      await sleep(200)
      status = (await askDaemon(dataDir, { command: 'status' }).catch(() => undefined)) as Status | undefined
    }
    const seconds = (performance.now() - began) / 1000
    assert.ok(hasScored(status), `after ${seconds} s: ${said()} ${JSON.stringify(status?.failures)}`)
    console.log(`the first pair was scored after ${seconds.toFixed(1)} s`)
    while (status!.produced === 0 && performance.now() - began < COMMAND_MS) {
      await sleep(200)
      status = (await askDaemon(dataDir, { command: 'status' })) as Status
    }
    const list = await run('npx', ['shoal', 'shard', 'list', '--json'])
    assert.is(list.status, 0, list.stderr)
    const [shard] = JSON.parse(list.stdout.trim().split('\n').at(-1)!).shards
    assert.ok(shard.pairs > 0)
    await askDaemon(dataDir, { command: 'stop' })
    assert.is((await ended).status, 0)
  } finally {
    child.kill()
    await ended
  }
})

function hasScored(status: Status | undefined): boolean {
  if (status === undefined) return false
  return (
    status.produced > 0 ||
    status.work.some(({ stages }) => stages.some(({ stage, done }) => stage === 'score' && done > 0))
  )
}

packed("it runs on the host's own Node, or goes on with the one that came along", async () => {
  if (!isInstalled) return
  const shoal = join(app, 'node_modules', '.bin', 'shoal')
  const version = await run(shoal, ['--version'])
  assert.is(version.status, 0, version.stderr)
  assert.is(version.stdout.trim(), JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version)
  assert.is((await run(shoal, ['crawl'])).status, 2)
  const doctor = await run(shoal, ['doctor', '--json'])
  const { findings } = JSON.parse(doctor.stdout.trim().split('\n').at(-1)!)
  const stateOf = (check: string) => findings.find((one: { check: string }) => one.check === check).state
  for (const check of ['node', 'data', 'model']) assert.is(stateOf(check), 'ok', doctor.stdout)
})

packed('the demo comes along, and a signal ends it in good order', async () => {
  if (!isInstalled) return
  const shoal = join(app, 'node_modules', '.bin', 'shoal')
  const { child, ended, said } = start(
    shoal,
    ['--campaign', 'demo', '--gateway', 'none', '--dashboard', 'none', '--json', '--data', join(dir, 'demo')],
    app,
    COMMAND_MS,
  )
  const began = performance.now()
  while (!said().includes('"segment"') && performance.now() - began < COMMAND_MS && child.exitCode === null)
    await sleep(100)
  child.kill('SIGTERM')
  const { status, stdout, stderr } = await ended
  assert.match(stdout, /"how":"done"/, stderr)
  assert.match(stdout, /\{"stopped":true\}\n$/)
  assert.is(status, 0, stderr)
})

packed('nothing but the program is in it, and CUDA is left out', () => {
  if (!isInstalled) return
  const installed = join(app, 'node_modules', 'shoal')
  assert.equal(readdirSync(installed).sort(), ['LICENSE', 'README.md', 'dist', 'package.json', 'scripts'])
  const files = readdirSync(installed, { recursive: true }) as string[]
  assert.equal(
    files.filter((file) => /\.ts$|\.test\.|^dist\/test/.test(file)),
    [],
  )
  const onnx = join(app, 'node_modules', 'onnxruntime-node')
  assert.match(readFileSync(join(onnx, 'script', 'install.js'), 'utf8'), /^\/\/ emptied by Shoal/)
})

packed.run()
