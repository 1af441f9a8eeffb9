import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readKey } from '../../node/dashboard-key.ts'
import { until } from '../node/network/start-node.ts'
import { runShoal, startShoal } from './run-shoal.ts'

const test = suite('the dashboard, by command')
/** Processes have to start on a busy machine. */
const WAIT_MS = 60_000

const lastLine = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1)!)

async function withDir(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-dashboard-'))
  try {
    await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const start = (data: string, place: string) =>
  startShoal(['start', '--local', '--gateway', 'none', '--dashboard', place, '--data', data])

test('a node tells where its dashboard is; its owner gets the key', () =>
  withDir(async (data) => {
    const absent = await runShoal(['dashboard', '--data', data, '--json'])
    assert.equal([absent.status, lastLine(absent.stdout).error.code], [1, 'daemon_absent'])
    const { child, ended } = start(data, '127.0.0.1:0')
    try {
      await until('it runs', async () => (await readKey(data)) !== null, WAIT_MS)
      const { status, stdout } = await runShoal(['dashboard', '--data', data, '--json'])
      assert.is(status, 0)
      const { address, token } = lastLine(stdout)
      assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/#token=[\da-f]{64}$/)
      assert.ok(address.endsWith(token))
      const place = address.split('/#')[0]!
      const signal = AbortSignal.timeout(WAIT_MS)
      const headers = { authorization: `Bearer ${token}` }
      const paused = await fetch(`${place}/api/pause`, { method: 'POST', headers, signal })
      assert.is(paused.status, 200)
      const state = await runShoal(['status', '--data', data, '--json'])
      assert.is(lastLine(state.stdout).state, 'paused')
      const said = await runShoal(['dashboard', '--data', data])
      assert.ok(said.stdout.startsWith(`${address}\n`), said.stdout)
      child.kill('SIGINT')
      const end = await ended
      assert.is(end.status, 0, end.stderr)
      assert.match(end.stdout, new RegExp(`shown at ${place}/\n`))
      assert.not(end.stdout.includes(token), 'the terminal of a service is a log')
      assert.is(await readKey(data), null)
    } finally {
      child.kill('SIGKILL')
      await ended
    }
  }))

test('elsewhere than on this machine it is not; and it may be left out', () =>
  withDir(async (data) => {
    const refused = await start(data, '0.0.0.0:0').ended
    assert.is(refused.status, 1)
    assert.match(refused.stderr, /dashboard can't be at 0\.0\.0\.0.*ssh -L/s)
    const { child, ended } = start(data, 'none')
    try {
      const off = async () => (await runShoal(['dashboard', '--data', data, '--json'])).stdout
      await until('it runs', async () => lastLine(await off()).error.code !== 'daemon_absent', WAIT_MS)
      assert.is(lastLine(await off()).error.code, 'dashboard_off')
    } finally {
      child.kill('SIGKILL')
      await ended
    }
  }))

test.run()
