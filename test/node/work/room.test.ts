import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openRoom } from '../../../node/work/room.ts'

const room = suite('room')

/** Which of the promises are settled by now. */
async function settledOf(promises: Promise<unknown>[]): Promise<boolean[]> {
  const pending = Symbol()
  return Promise.all(
    promises.map(async (promise) => {
      await Promise.resolve()
      return (
        (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))])) !== pending
      )
    }),
  )
}

room('lets in what fits, and the others in their order', async () => {
  const { share } = openRoom(100)
  const [a, b, c, d] = [share(), share(), share(), share()]
  const taken = [a.take(60), b.take(60), c.take(10), d.take(30)]
  assert.equal(await settledOf(taken), [true, false, false, false])
  a.keep(35)
  assert.equal(await settledOf(taken), [true, true, false, false])
  b.keep(0)
  assert.equal(await settledOf(taken), [true, true, true, true])
})

room('counts what a share holds already', async () => {
  const { share } = openRoom(100)
  const [a, b] = [share(), share()]
  await a.take(40)
  await a.take(100)
  await a.take(20)
  const taken = [b.take(10)]
  assert.equal(await settledOf(taken), [false])
  a.keep(200)
  assert.equal(await settledOf(taken), [false])
  a.keep(0)
  a.keep(0)
  assert.equal(await settledOf(taken), [true])
  const rest = [share().take(90), share().take(1)]
  assert.equal(await settledOf(rest), [true, false])
})

room('gives more than there is room for as all of it', async () => {
  const { share } = openRoom(100)
  const a = share()
  await a.take(1_000)
  a.keep(0)
  await share().take(100)
})

room.run()
