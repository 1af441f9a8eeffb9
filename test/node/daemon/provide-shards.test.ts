import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { provideShards } from '../../../node/daemon/provide-shards.ts'
import { openLog } from '../../../node/log.ts'
import { openStore } from '../../../node/store/store.ts'
import { campaignOf, makeDir, startNode, until } from '../network/start-node.ts'

const providing = suite('shards in the DHT')

const log = openLog('silent', 'stderr')
const shardOf = (n: number) => campaignOf(`shard ${n}`)

async function startStore(stack: AsyncDisposableStack, shards: number) {
  const store = await openStore(join(await makeDir(stack), 'db'))
  stack.defer(() => store.close())
  for (let n = 0; n < shards; n++) await store.shards.put(shardOf(n).bytes, new Uint8Array())
  return store
}

providing('those that are here, that come and that go', async () => {
  await using stack = new AsyncDisposableStack()
  const store = await startStore(stack, 2)
  const [holder, seeker] = [await startNode(stack), await startNode(stack)]
  await holder.dial(seeker.addresses()[0]!)
  const withdrawn: string[] = []
  const withdraw = async (key: { toString(): string }) => void withdrawn.push(key.toString())
  const shards = provideShards({ store }, { provide: holder.provide, withdraw }, log)
  stack.defer(() => shards.close())
  const isFound = async (n: number) => (await seeker.findProviders(shardOf(n))).includes(holder.peerId)
  await until('they are found', async () => (await isFound(0)) && (await isFound(1)))
  await store.shards.put(shardOf(2).bytes, new Uint8Array())
  await store.shards.del(shardOf(0).bytes)
  await until('the new one is found', async () => {
    shards.look()
    return isFound(2)
  })
  await until('the old one is withdrawn', () => {
    shards.look()
    return withdrawn.length > 0
  })
  assert.equal(withdrawn, [shardOf(0).toString()])
})

providing('thousands of them hold up neither the start nor a claim', async () => {
  await using stack = new AsyncDisposableStack()
  const store = await startStore(stack, 3_000)
  const [holder, seeker] = [await startNode(stack), await startNode(stack)]
  await holder.dial(seeker.addresses()[0]!)
  await until('the holder has a table', () => holder.tableSize() > 0)
  const queued: string[] = []
  const provide: typeof holder.provide = (key, options) => {
    queued.push(key.toString())
    holder.provide(key, options)
  }
  const shards = provideShards({ store }, { provide, withdraw: holder.withdraw }, log)
  stack.defer(() => shards.close())
  await until('all are queued', () => queued.length === 3_000)
  const claim = campaignOf('a claim')
  holder.provide(claim)
  await until('the claim is found', async () => (await seeker.findProviders(claim)).includes(holder.peerId))
  const told = (
    await Promise.all(queued.slice(-20).map((name) => seeker.findProviders(CID.parse(name))))
  ).flat()
  assert.is(told.length, 0, 'the shards are still waiting')
})

providing.run()
