import { withBitswap } from '@helia/bitswap'
import { multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cidOf } from '../../../protocol/codec.ts'
import { codeOf } from '../../protocol/fault.ts'
import { startHost } from './raw-bitswap.ts'
import { blocksOf, campaignOf, startNode } from './start-node.ts'

/** Helia's bitswap, whose two sides are another's reading of the same specification. */
const helia = suite('bitswap of Helia')

interface Broker {
  retrieve(cid: CID, options: { signal: AbortSignal }): Promise<Uint8Array>
  stop(): Promise<void>
}

/** As much of a Helia as its bitswap looks at. */
async function startHelia(stack: AsyncDisposableStack, ...held: Uint8Array[]) {
  const libp2p = await startHost(stack)
  const started = Promise.withResolvers<Broker>()
  const logger = {
    forComponent: () => Object.assign(() => {}, { error() {}, trace() {}, newScope: () => logger }),
  }
  const shape = {
    ...{ libp2p, logger, status: 'starting', blockstore: blocksOf(...held) },
    routing: { async *findProviders() {} },
    getHasher: () => {},
    hasBlockBroker: () => false,
    addBlockBroker: started.resolve,
    addMixin: (mixin: { start(helia: unknown): Promise<void> }) => {
      mixin.start(shape).catch(started.reject)
    },
  }
  withBitswap(shape as unknown as Parameters<typeof withBitswap>[0])
  const broker = await started.promise
  stack.defer(() => broker.stop())
  return { libp2p, broker }
}

const blocks = Array.from({ length: 60 }, (_, n) =>
  new Uint8Array(n % 10 === 0 ? 1024 * 1024 : 5_000).fill(n),
)
const raw = (block: Uint8Array) => cidOf(block, 'raw')

helia('gets blocks', async () => {
  await using stack = new AsyncDisposableStack()
  const node = await startNode(stack, { blocks: blocksOf(...blocks) })
  const { libp2p, broker } = await startHelia(stack)
  await libp2p.dial(multiaddr(node.addresses()[0]))
  const signal = AbortSignal.timeout(60_000)
  const got = await Promise.all(blocks.map((block) => broker.retrieve(raw(block), { signal })))
  got.forEach((bytes, i) => {
    assert.is(Buffer.compare(bytes, blocks[i]!), 0)
  })
  const lacked = broker.retrieve(campaignOf('nobody has it'), { signal: AbortSignal.timeout(200) })
  assert.ok(
    await lacked.then(
      () => false,
      () => true,
    ),
  )
})

helia('gives blocks', async () => {
  await using stack = new AsyncDisposableStack()
  const { libp2p } = await startHelia(stack, ...blocks)
  const node = await startNode(stack)
  await node.dial(String(libp2p.getMultiaddrs()[0]))
  const { get } = node.blockSource(libp2p.peerId.toString())
  const got = await Promise.all(blocks.map((block) => get(raw(block))))
  got.forEach((bytes, i) => {
    assert.is(Buffer.compare(bytes!, blocks[i]!), 0)
  })
  assert.is(await get(campaignOf('nobody has it')), null)
  await libp2p.stop()
  assert.is(await codeOf(() => get(raw(blocks[0]!))), 'peer_unreachable')
})

helia.run()
