import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeSigner, sealCampaign, withLedgers } from '../ledger/make-records.ts'
import { startNode, until } from '../network/start-node.ts'
import { startOwnWorker } from './start-worker.ts'

const test = suite('segments at once')
const stack = new AsyncDisposableStack()

test.after(() => stack.disposeAsync())

test('more are taken at once; where there are too many, they are finished and no others taken', async () => {
  const campaign = await sealCampaign(12, { name: 'limit' })
  const network = await startNode(stack)
  await withLedgers(1, campaign, async (place) => {
    const working = startOwnWorker(place!, { segments: 1, signer: makeSigner(1), network })
    try {
      const first = await working.next()
      working.limit(4)
      const others = [await working.next(), await working.next(), await working.next()]
      assert.is(working.atWork().length, 4)
      working.limit(2)
      await new Promise((done) => setTimeout(done, 100))
      assert.is(working.atWork().length, 4, 'nothing is put down')
      for (const run of [first, ...others]) await run.finish()
      await until('two are at work', () => working.runs.length === 6)
      await new Promise((done) => setTimeout(done, 200))
      assert.is(working.runs.length, 6)
      assert.is(working.produced(), 4)
      working.limit(3)
      await until('three are at work', () => working.runs.length === 7)
    } finally {
      await working.stop()
    }
    assert.equal(working.atWork(), [])
  })
})

test.run()
