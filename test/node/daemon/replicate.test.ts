import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ReplicatorOptions, startReplicator } from '../../../node/daemon/replicate.ts'
import { openHome } from '../../../node/home.ts'
import type { JudgedShard, StateChange } from '../../../node/ledger/ledger.ts'
import { openLog } from '../../../node/log.ts'
import { addPin, findPin, listPinned } from '../../../node/pins/pins.ts'
import { cidOf } from '../../../protocol/codec.ts'
import { until } from '../network/start-node.ts'
import { publishSample } from '../shard/sample.ts'

const replicas = suite('replicas')
const CAMPAIGN = cidOf(new Uint8Array([1]))
const LOOK_MS = 5

/** Shards of another node, each provided by as many others, and a node that keeps some of them. */
async function play(
  stack: AsyncDisposableStack,
  others: number[],
  options: Partial<ReplicatorOptions> & { shards?: number } = {},
) {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-replicas-'))
  stack.defer(() => rm(dir, { recursive: true }))
  const { store, blocks, signer, publish } = await publishSample(join(dir, 'producer'), 20)
  stack.defer(() => store.close())
  const home = await openHome(join(dir, 'node'))
  stack.defer(() => home.close())
  const shards: JudgedShard[] = []
  const counts = new Map<string, number>()
  for (const [segment, count] of others.entries()) {
    const manifest = await publish({ segment: segment + 1, produced: { startedAt: 1, finishedAt: 3 } })
    const envelope = (await store.shards.get(manifest.bytes))!
    counts.set(manifest.toString(), count)
    shards.push({
      ...{ id: cidOf(envelope), manifest, segment: segment + 1, peer: signer.publicKey, seq: segment + 1 },
      ...{ state: 'verified', needed: 1, good: 1, counted: [], accused: [] },
    })
  }
  /** of one shard: all of them have the same files */
  const { bytes } = await addPin({ store, blocks }, shards[0]!.manifest, 'fetched')
  let tell: (change: StateChange) => void = () => {}
  const changes: number[] = []
  const asked: CID[] = []
  const ledger = {
    campaigns: () => [{ id: CAMPAIGN }],
    judgements: async () => ({ shards: () => shards.values() }),
    find: async (id: CID) => {
      const { manifest } = shards.find((shard) => shard.id.equals(id))!
      return (await store.shards.get(manifest.bytes)) ?? null
    },
    subscribeStates: (listener: typeof tell) => {
      tell = listener
      return () => {}
    },
  }
  const network = {
    findProviders: async (key: CID) => Array.from({ length: counts.get(key.toString())! }, String),
    blockSource: (name: string) => ({
      name,
      async get(cid: CID) {
        asked.push(cid)
        return (await blocks.has(cid)) ? Buffer.concat(await Array.fromAsync(blocks.get(cid))) : null
      },
    }),
    async *members() {
      yield 'producer'
    },
    peers: async () => [],
    shun: async () => {},
  }
  const start = (others: Partial<ReplicatorOptions> = {}) => {
    const replicator = startReplicator(
      { home, ledger, network } as unknown as Parameters<typeof startReplicator>[0],
      {
        ...{ log: openLog('silent', 'stderr'), clock: Date.now, diskBytes: () => null, lookMs: LOOK_MS },
        ...{ mayWork: () => true, isReady: () => true, room: async () => Number.POSITIVE_INFINITY },
        // some bytes more than are needed, for the nodes that are counted before they are known
        maxBytes: Math.ceil((options.shards ?? 1) * bytes! * 1.1),
        onChange: () => void changes.push(Date.now()),
        onUnpin: () => {},
        onFatal: (error) => assert.unreachable(error.message),
        ...options,
        ...others,
      },
    )
    stack.defer(async () => {
      replicator.end()
      await replicator.ended
    })
    return replicator
  }
  return {
    ...{ home, shards, counts, changes, asked, start, bytes: bytes! },
    tell: (shard: JudgedShard) =>
      tell({ ...shard, campaign: CAMPAIGN, before: 'verified' } satisfies StateChange),
    /** places of the shards that are kept as replicas */
    async held() {
      const pins = await Array.fromAsync(listPinned(home.store))
      return pins
        .filter(({ why }) => why === 'replica')
        .map(({ cid }) => shards.findIndex(({ manifest }) => manifest.equals(cid)))
        .sort()
    },
  }
}

replicas('are those that the fewest provide, up to the size, and are told of', async () => {
  await using stack = new AsyncDisposableStack()
  const { start, held, changes, bytes } = await play(stack, [3, 0, 2, 1], { shards: 2 })
  const { status } = start()
  await until('two are kept', () => status().shards === 2)
  await sleep(20 * LOOK_MS)
  assert.equal(await held(), [1, 3])
  assert.is(changes.length, 2)
  assert.is(status().bytes, 2 * bytes)
})

replicas(
  'are never of own shards, nor of those that are not verified, and replace no pin of the user',
  async () => {
    await using stack = new AsyncDisposableStack()
    const { start, held, shards, home } = await play(stack, [0, 0, 0, 0], { shards: 4 })
    shards[0]!.peer = home.signer.publicKey
    shards[1]!.state = 'unaudited'
    const { status } = start()
    await until('the others are kept', () => status().shards === 2)
    await addPin(home, shards[2]!.manifest, 'fetched')
    await sleep(20 * LOOK_MS)
    assert.equal(await held(), [3])
    shards[2]!.state = 'refused'
    await sleep(20 * LOOK_MS)
    assert.is((await findPin(home.store, shards[2]!.manifest))?.why, 'fetched')
  },
)

replicas('go when their shard is refused', async () => {
  await using stack = new AsyncDisposableStack()
  const { start, held, shards, home, changes, tell } = await play(stack, [0, 0], { shards: 2 })
  const { status } = start()
  await until('both are kept', () => status().shards === 2)
  shards[0]!.state = 'refused'
  tell(shards[0]!)
  await until('one is dropped', () => changes.length === 3)
  assert.equal(await held(), [1])
  assert.is(await home.store.shards.get(shards[0]!.manifest.bytes), undefined)
})

replicas('that enough others provide make room for one that fewer do', async () => {
  await using stack = new AsyncDisposableStack()
  const { start, held, shards, counts, changes } = await play(stack, [5, 4, 2])
  for (const shard of shards.slice(1)) shard.state = 'unaudited'
  const { status } = start()
  await until('one is kept', () => status().shards === 1)
  shards[1]!.state = 'verified'
  await sleep(40 * LOOK_MS)
  assert.equal(await held(), [0], 'not for one that is hardly rarer')
  shards[2]!.state = 'verified'
  await until('the rarer one is kept', () => changes.length === 3)
  assert.equal(await held(), [2])
  counts.set(shards[2]!.manifest.toString(), 3)
  await sleep(40 * LOOK_MS)
  assert.equal(await held(), [2], 'three others are not enough')
})

replicas('stay within a size that has become smaller, and go when the disk is full', async () => {
  await using stack = new AsyncDisposableStack()
  const { start, held, bytes } = await play(stack, [1, 5, 2], { shards: 3 })
  const first = start()
  await until('all are kept', () => first.status().shards === 3)
  first.end()
  await first.ended
  const second = start({ maxBytes: Math.ceil(bytes * 2.1) })
  await until('one is dropped', () => second.status().shards === 2)
  assert.ok(await second.drop(1))
  assert.is(second.status().shards, 1)
  second.end()
  await second.ended
  const third = start({ maxBytes: null })
  await sleep(10 * LOOK_MS)
  assert.is((await held()).length, 1, 'without a size nothing comes and nothing goes')
  assert.ok(await third.drop(Number.POSITIVE_INFINITY))
  assert.not(await third.drop(1))
  assert.equal(await held(), [])
})

replicas('rest outside of hours, and where the disk has no room', async () => {
  await using stack = new AsyncDisposableStack()
  let works = false
  let room = 0
  const { start, asked, bytes, shards } = await play(stack, [0], {
    ...{ mayWork: () => works, room: async () => room, diskBytes: () => 1000 },
  })
  const { status } = start()
  await sleep(10 * LOOK_MS)
  assert.is(asked.length, 0)
  works = true
  await sleep(20 * LOOK_MS)
  assert.is(status().shards, 0)
  assert.ok(
    asked.every((cid) => cid.equals(shards[0]!.manifest)),
    'manifests alone',
  )
  room = Math.ceil(bytes * 1.1) + 100
  await until('there is room', () => status().shards === 1)
})

replicas('are tried again later where they could not be had', async () => {
  await using stack = new AsyncDisposableStack()
  const { start, shards, home } = await play(stack, [0, 1])
  shards[0]!.manifest = cidOf(randomBytes(9))
  const { status } = start()
  await until('the other one is kept', () => status().shards === 1)
  assert.is(status().current, null)
  assert.not(await home.blocks.has(shards[0]!.manifest))
})

replicas.run()
