import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startCrew } from '../../../node/daemon/crew.ts'

const crews = suite('crews')

/** Whether they have all gone, after a moment. */
const hasEnded = (ended: Promise<void>) => Promise.race([ended.then(() => true), sleep(2_000, false)])

crews('one of nobody ends', async () => {
  const crew = startCrew(0, () => sleep(1), assert.unreachable)
  crew.end()
  assert.ok(await hasEnded(crew.ended))
})

crews('as many are at work as are wanted, and it ends when the last has gone', async () => {
  let atWork = 0
  let most = 0
  const crew = startCrew(
    2,
    async () => {
      most = Math.max(most, ++atWork)
      await sleep(5)
      atWork--
    },
    assert.unreachable,
  )
  await sleep(30)
  assert.is(most, 2)
  crew.limit(4)
  await sleep(30)
  assert.is(most, 4)
  crew.limit(0)
  await sleep(30)
  assert.is(atWork, 0)
  crew.end()
  assert.ok(await hasEnded(crew.ended))
})

crews('the first fault is how it ends', async () => {
  const crew = startCrew(
    2,
    async () => {
      await sleep(1)
      throw new Error('broken')
    },
    () => crew.end(),
  )
  let said = ''
  await crew.ended.catch((error: Error) => {
    said = error.message
  })
  assert.is(said, 'broken')
})

crews.run()
