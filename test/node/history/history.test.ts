import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openHistory, type Reading } from '../../../node/history/history.ts'
import { openLog } from '../../../node/log.ts'
import { openStore, type Store } from '../../../node/store/store.ts'
import { makeDir } from '../network/start-node.ts'

const NOTHING: Reading = {
  ...{ read: 0, fetched: 0, decoded: 0, scored: 0, kept: 0, segments: 0, audits: 0 },
  ...{ cpuSeconds: 0, busySeconds: 0, memory: 0, peers: 0 },
}
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** at the beginning of a step of each span */
const BEGIN = Date.UTC(2026, 5, 1)

/** A node that gets on evenly, as fast as a test wants. */
function play(store: Store) {
  const time = { at: BEGIN }
  const reading = { ...NOTHING }
  const log = openLog('silent', 'stderr')
  return {
    time,
    reading,
    async open() {
      Object.assign(reading, NOTHING)
      const take = async () => ({ ...reading })
      return openHistory(store.history, take, { clock: () => time.at, now: () => time.at, log })
    },
    /** One second's work, and a pair of it is kept. */
    work(seconds: number) {
      time.at += seconds * SECOND
      reading.scored += 10 * seconds
      reading.kept += seconds
      reading.cpuSeconds += 1.5 * seconds
      reading.busySeconds += 0.5 * seconds
      reading.memory = 1e8
      reading.peers = 3
    },
  }
}

async function openDir(stack: AsyncDisposableStack): Promise<Store> {
  const store = await openStore(await makeDir(stack))
  stack.defer(() => store.close())
  return store
}

const history = suite('history')

history('amounts of each step, and what is coarser is made of what is finer', async () => {
  await using stack = new AsyncDisposableStack()
  const { open, work } = play(await openDir(stack))
  const past = await open()
  for (let i = 0; i < 360; i++) {
    work(10)
    await past.look()
  }
  const { points, stepSeconds } = past.read('hour')
  assert.is(stepSeconds, 10)
  assert.is(points.length, 360)
  assert.equal(points.at(-1), {
    ...{ at: BEGIN + HOUR - 10 * SECOND, seconds: 10 },
    ...{ read: 0, fetched: 0, decoded: 0, scored: 100, kept: 10, segments: 0, audits: 0 },
    ...{ cpu: 1.5, busy: 0.5, memory: 1e8, peers: 3 },
  })
  assert.equal(
    past.read('day').points.map(({ at, kept, seconds, cpu }) => [at, kept, seconds, cpu]),
    Array.from({ length: 12 }, (_, i) => [BEGIN + i * 5 * MINUTE, 300, 300, 1.5]),
  )
  assert.equal(
    past.read('month').points.map(({ at, kept, busy }) => [at, kept, busy]),
    [[BEGIN, 3600, 0.5]],
  )
  await past.close()
})

history('goes on after the process died, but for the last minute at most', async () => {
  await using stack = new AsyncDisposableStack()
  const node = play(await openDir(stack))
  const died = await node.open()
  for (let i = 0; i < 17; i++) {
    node.work(10)
    await died.look()
  }
  // nothing is closed
  node.time.at += 20 * SECOND
  const next = await node.open()
  const kept = next.read('day').points[0]!.kept
  assert.ok(kept >= 110 && kept <= 170, `${kept} of 170`)
  node.work(10)
  await next.look()
  assert.is(next.read('day').points[0]!.kept, kept + 10)
  assert.is(next.read('hour').points.length, kept / 10 + 1)
  await next.close()
  const last = await node.open()
  assert.is(last.read('month').points[0]!.kept, kept + 10)
})

history('forgets, keeps its size, and a year later begins anew', async () => {
  await using stack = new AsyncDisposableStack()
  const store = await openDir(stack)
  const { open, work, time } = play(store)
  const past = await open()
  for (let i = 0; i < 40 * 24; i++) {
    work(10)
    await past.look()
    time.at += HOUR - 10 * SECOND
    // the time between is no work of this process
    await past.look()
  }
  assert.is(past.read('hour').points.length <= 2, true)
  assert.ok(past.read('day').points.length <= 288)
  assert.is(past.read('month').points.length, 372)
  await past.close()
  assert.ok((await store.history.keys().all()).length <= 360 + 288 + 372)
  time.at += 365 * 24 * HOUR
  const later = await open()
  for (const span of ['hour', 'day', 'month']) assert.equal(later.read(span).points, [])
})

history('a clock that is set back gives no point of the future', async () => {
  await using stack = new AsyncDisposableStack()
  const { open, work, time } = play(await openDir(stack))
  const past = await open()
  work(10)
  await past.look()
  time.at -= HOUR
  assert.equal(past.read('hour').points, [])
  await past.look()
  work(10)
  await past.look()
  assert.is(past.read('hour').points.length, 1)
})

history('of an unknown span nothing is told', async () => {
  await using stack = new AsyncDisposableStack()
  const past = await play(await openDir(stack)).open()
  for (const span of ['year', '', 'constructor', '__proto__'])
    assert.throws(
      () => past.read(span),
      (error: { code: string }) => error.code === 'span_unknown',
    )
})

history.run()
