import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type DaemonOptions, startDaemon } from '../../../node/daemon/daemon.ts'
import { openLog } from '../../../node/log.ts'
import { makeDir, until } from '../network/start-node.ts'

const noon = new Date(2026, 5, 1, 12).getTime()
const night = new Date(2026, 5, 1, 23).getTime()

/** A daemon of no campaign, stopped with everything else by `stack`. */
async function start(stack: AsyncDisposableStack, options: Partial<DaemonOptions> = {}) {
  const daemon = await startDaemon({
    ...{ dataDir: await makeDir(stack), log: openLog('silent', 'stderr'), clock: () => noon },
    ...{ threads: 1, segments: 1, hours: null, diskBytes: null, bytesPerSecond: null, model: null },
    ...{ offline: false, listen: ['/ip4/127.0.0.1/tcp/0'], local: true, peers: [], loopback: { hosts: {} } },
    ...options,
  })
  stack.defer(() => daemon.stop())
  return { daemon, state: async () => (await daemon.status()).state }
}

const states = suite('states of a daemon')

states('paused and resumed, drained and ended', async () => {
  await using stack = new AsyncDisposableStack()
  const { daemon, state } = await start(stack)
  assert.is(await state(), 'working')
  daemon.pause()
  assert.is(await state(), 'paused')
  daemon.resume()
  assert.is(await state(), 'working')
  daemon.drain()
  assert.is(await state(), 'draining')
  await daemon.ended
})

states('resting outside of its hours', async () => {
  await using stack = new AsyncDisposableStack()
  let now = noon
  const { daemon, state } = await start(stack, { hours: { from: 22, to: 6 }, clock: () => now })
  assert.is(await state(), 'resting')
  now = night
  assert.is(await state(), 'working')
  daemon.pause()
  assert.is(await state(), 'paused')
})

states('full when its directory takes what it may', async () => {
  await using stack = new AsyncDisposableStack()
  const { state } = await start(stack, { diskBytes: 1 })
  await until('it is measured', async () => (await state()) === 'full')
  const roomy = await start(stack, { diskBytes: 2 ** 40 })
  assert.is(await roomy.state(), 'working')
})

states.run()
