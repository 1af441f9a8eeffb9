import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Network } from '../../../node/network/network.ts'
import { openStore } from '../../../node/store/store.ts'
import { segmentKey } from '../../../protocol/segment-key.ts'
import { campaignOf, makeDir, makeIdentity, startNode, until } from './start-node.ts'

const providers = suite('providers')

/** Nodes that know each other by way of the first. */
async function startStar(stack: AsyncDisposableStack, count: number): Promise<Network[]> {
  const nodes: Network[] = []
  for (let i = 0; i < count; i++) nodes.push(await startNode(stack))
  for (const node of nodes.slice(1)) await node.dial(nodes[0]!.addresses()[0]!)
  await until('all are in the tables', () => nodes.every((node) => node.tableSize() > 0))
  return nodes
}

providers('who provides a key is found by a third node, which can call it', async () => {
  await using stack = new AsyncDisposableStack()
  const [middle, claimant, seeker] = (await startStar(stack, 3)) as [Network, Network, Network]
  const key = segmentKey(campaignOf('found'), 7)
  assert.equal(await seeker.findProviders(key), [])
  claimant.provide(key)
  await until('the seeker finds the claimant', async () =>
    (await seeker.findProviders(key)).includes(claimant.peerId),
  )
  assert.equal(await claimant.findProviders(key), [], 'a node does not name itself')
  await middle.close()
  assert.is(await seeker.askRecord(claimant.peerId, campaignOf('found'), 7), null)
})

providers('several provide one key; a lookup ends at its limit', async () => {
  await using stack = new AsyncDisposableStack()
  const [middle, ...claimants] = (await startStar(stack, 4)) as [Network, ...Network[]]
  const key = segmentKey(campaignOf('several'), 0)
  for (const claimant of claimants) claimant.provide(key)
  await until('all three are found', async () => (await middle.findProviders(key)).length === 3)
  assert.is((await middle.findProviders(key, { limit: 1 })).length, 1)
})

providers('alone, nothing hangs; what is provided is announced when somebody comes', async () => {
  await using stack = new AsyncDisposableStack()
  const alone = await startNode(stack)
  const key = campaignOf('alone')
  alone.provide(key)
  const begin = Date.now()
  assert.equal(await alone.findProviders(key), [])
  assert.ok(Date.now() - begin < 10_000)
  const [first, second] = [await startNode(stack), await startNode(stack)]
  await first.dial(alone.addresses()[0]!)
  await second.dial(first.addresses()[0]!)
  await until('it is found', async () => (await second.findProviders(key)).includes(alone.peerId))
})

providers('a lookup that is called off gives what it has', async () => {
  await using stack = new AsyncDisposableStack()
  const [middle] = await startStar(stack, 2)
  assert.equal(await middle!.findProviders(campaignOf('off'), { signal: AbortSignal.abort() }), [])
})

providers('a new run does not announce what the last one provided', async () => {
  await using stack = new AsyncDisposableStack()
  const store = await openStore(join(await makeDir(stack), 'db'))
  stack.defer(() => store.close())
  const identity = await makeIdentity(stack)
  const stored = async () => (await ownKeys()).filter((key) => key.endsWith(identity.peerId)).length
  const ownKeys = async () => (await store.network.keys().all()).map((key) => new TextDecoder().decode(key))
  const other = await startNode(stack)
  const first = await startNode(stack, { identity, table: store.network })
  await first.dial(other.addresses()[0]!)
  for (let segment = 0; segment < 3; segment++) first.provide(segmentKey(campaignOf('old'), segment))
  await until('they are stored', async () => (await stored()) === 3)
  await first.withdraw(segmentKey(campaignOf('old'), 0))
  assert.is(await stored(), 2)
  await first.close()
  const second = await startNode(stack, { identity, table: store.network })
  assert.is(await stored(), 0)
  await second.close()
})

providers.run()
