import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fetchShard, openPool } from '../../../node/fetch/fetch.ts'
import { openLog } from '../../../node/log.ts'
import { managePins } from '../../../node/manage-pins.ts'
import { addPin, collect, findPin, GRACE_MS, listRoots, removePin } from '../../../node/pins/pins.ts'
import { publishSample } from '../shard/sample.ts'
import { ageBlock, openTemporary, putCbor, putRaw } from './make-dags.ts'

const pins = suite('pins')
const OLD_MS = GRACE_MS + 60_000

/** A node with a shard of its own in a campaign, and another node's that it has fetched but not pinned. */
async function openWithShards(stack: AsyncDisposableStack) {
  const home = await openTemporary(stack)
  const own = await publishSample(join(home.dir, 'own'), 30)
  const other = await publishSample(join(home.dir, 'other'), 20)
  stack.defer(() => own.store.close())
  stack.defer(() => other.store.close())
  const { manifest } = other
  const source = {
    name: 'other',
    get: async (cid: CID) => Buffer.concat(await Array.fromAsync(other.blocks.get(cid))),
  }
  const pool = openPool([source], { log: openLog('silent', 'stderr') })
  await fetchShard(own, manifest, (await other.store.shards.get(manifest.bytes))!, { pool, maxBytes: 1e9 })
  pool.close()
  const node = { ...home, ...own }
  const names = async () =>
    Array.from(await Array.fromAsync(listRoots(node)), ({ cid, why }) => [why, `${cid}`])
  /** all blocks, as if they had come long ago */
  const ageAll = async () => {
    for await (const { cid } of node.blocks.getAll()) await ageBlock(node, cid as CID, OLD_MS)
  }
  return { node, own: own.manifest, other: manifest, names, ageAll }
}

pins('own shards and lists of campaigns are kept without being pinned', async () => {
  await using stack = new AsyncDisposableStack()
  const { node, own, other, names, ageAll } = await openWithShards(stack)
  const list = (await names()).find(([why]) => why === 'campaign')!
  assert.equal(await names(), [['own', `${own}`], list])
  await ageAll()
  const collected = await collect(node)
  assert.is(collected.dropped, 1)
  assert.is(collected.kept, 3)
  assert.ok(collected.freed.blocks > 0)
  assert.not(await node.blocks.has(other))
  assert.equal(
    (await Array.fromAsync(node.store.shards.keys())).map((key) => Buffer.from(key).toString('hex')),
    [Buffer.from(own.bytes).toString('hex')],
  )
})

pins('a shard that came lately stays whole and listed, though parts of it are older', async () => {
  await using stack = new AsyncDisposableStack()
  const { node, other, ageAll } = await openWithShards(stack)
  await ageAll()
  await node.blocks.put(other, Buffer.concat(await Array.fromAsync(node.blocks.get(other))))
  const { freed, dropped } = await collect(node)
  assert.equal([freed.blocks, dropped], [0, 0])
})

pins('one that is pinned is kept, listed with its size, and gone after it is unpinned', async () => {
  await using stack = new AsyncDisposableStack()
  const { node, other, own, ageAll } = await openWithShards(stack)
  const managed = managePins(node)
  const pin = await managed.addPin(`${other}`)
  assert.is(pin.why, 'fetched')
  assert.ok(pin.bytes! > 1_000)
  await ageAll()
  assert.is((await collect(node)).freed.blocks, 0)
  const listed = await managed.listPins()
  assert.equal(
    listed.map(({ root, why }) => [root, why]).filter(([, why]) => why !== 'campaign'),
    [
      [`${own}`, 'own'],
      [`${other}`, 'fetched'],
    ],
  )
  assert.ok(listed[0]!.bytes! > 1_000)
  await managed.removePin(`${other}`)
  assert.is(await node.store.shards.get(other.bytes), undefined)
  const { freed, dropped, waiting } = await collect(node)
  assert.equal([freed.blocks > 0, dropped, waiting.blocks], [true, 0, 0])
  await collect(node)
  const first = await managed.listPins()
  assert.is(first.length, 2)
})

pins('refuse what can not be unpinned, and what is not here whole', async () => {
  await using stack = new AsyncDisposableStack()
  const { node, own } = await openWithShards(stack)
  const refused = (promise: Promise<unknown>, code: string) =>
    promise.then(
      () => assert.unreachable(code),
      (error) => assert.is(error.code, code),
    )
  const managed = managePins(node)
  const gone = await putRaw(node, 'gone')
  const partial = await putCbor(node, [gone])
  await node.blocks.delete(gone)
  await refused(managed.removePin(`${own}`), 'pin_own')
  await refused(managed.removePin(`${partial}`), 'pin_unknown')
  await refused(managed.addPin(`${partial}`), 'pin_missing')
  await refused(managed.addPin(`${gone}`), 'pin_missing')
  await refused(managed.addPin('nonsense'), 'cid_invalid')
  assert.is(await findPin(node.store, partial), null)
})

pins('of the user go before replicas', async () => {
  await using stack = new AsyncDisposableStack()
  const { node, other } = await openWithShards(stack)
  const replica = await addPin(node, other, 'replica', () => 1)
  assert.is(replica.why, 'replica')
  const fetched = await addPin(node, other, 'fetched', () => 2)
  assert.equal([fetched.why, fetched.since], ['fetched', 1])
  assert.is((await addPin(node, other, 'replica')).why, 'fetched')
  await removePin(node, other)
  assert.is(await findPin(node.store, other), null)
})

pins.run()
