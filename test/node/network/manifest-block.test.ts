import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { campaignOf, startNode } from './start-node.ts'

const manifests = suite('manifests of shards')

manifests('they are blocks as well, and given as such', async () => {
  await using stack = new AsyncDisposableStack()
  const manifest = encode({ segment: 3 })
  const nothing = async () => null
  const asked = startNode(stack, {
    answers: {
      ...{ record: nothing, campaign: nothing, sync: nothing, file: () => null },
      block: async (cid) => (cid.equals(cidOf(manifest)) ? manifest : null),
    },
  })
  const [a, b] = [await startNode(stack), await asked]
  await a.dial(b.addresses()[0]!)
  assert.equal(await a.askBlock(b.peerId, cidOf(manifest)), manifest)
  assert.equal(await a.fetchBlock(campaignOf('manifests'), cidOf(manifest)), manifest)
})

manifests.run()
