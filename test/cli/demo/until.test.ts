import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { poll, until } from '../../../cli/demo/until.ts'
import type { ShoalError } from '../../../protocol/errors.ts'

const waits = suite('waits of the demo')
const never = new AbortController().signal
const LONG_MS = 60_000

async function errorOf(promise: Promise<unknown>): Promise<ShoalError> {
  return promise.then(
    () => assert.unreachable('it did not fail'),
    (error) => error,
  )
}

waits('give what came', async () => {
  assert.is(await until(never, LONG_MS, 'late', async () => 7), 7)
  let looks = 0
  assert.is(
    await poll(
      never,
      LONG_MS,
      () => 'late',
      async () => (++looks === 3 ? 'found' : null),
    ),
    'found',
  )
  assert.is(looks, 3)
})

waits('end after their time, and say how far it was', async () => {
  let looks = 0
  const late = poll(
    never,
    250,
    () => `${looks} looks`,
    async () => {
      looks++
      return null
    },
  )
  const { code, message } = await errorOf(late)
  assert.is(code, 'demo_late')
  assert.match(message, /^[2-9] looks within 0\.25 s: /)
  // even where what is waited for heeds nothing
  assert.is((await errorOf(until(never, 10, 'stuck', () => new Promise(() => {})))).code, 'demo_late')
})

waits('end with the reason of whoever interrupts', async () => {
  const reason = new Error('a node died')
  const interruption = new AbortController()
  const waiting = errorOf(
    poll(
      interruption.signal,
      LONG_MS,
      () => 'late',
      async () => null,
    ),
  )
  interruption.abort(reason)
  assert.is(await waiting, reason)
  assert.is(await errorOf(until(interruption.signal, LONG_MS, 'late', async () => 1)), reason)
})

waits('fail as what they wait for does', async () => {
  const fault = new Error('a fault')
  assert.is(await errorOf(until(never, LONG_MS, 'late', () => Promise.reject(fault))), fault)
})

waits.run()
