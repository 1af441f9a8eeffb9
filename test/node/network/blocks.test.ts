import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Network } from '../../../node/network/network.ts'
import { cidOf } from '../../../protocol/codec.ts'
import { codeOf } from '../../protocol/fault.ts'
import { makeHost } from './raw-bitswap.ts'
import { blocksOf, bytes, campaignOf, startNode, until } from './start-node.ts'

const blocks = suite('blocks')

const MIB = 1024 * 1024
/** Some block: every number has its own. */
function blockOf(n: number, length = 1000): Uint8Array {
  return new Uint8Array(length).fill(n % 251).map((byte, i) => (i < 4 ? n >> (8 * i) : byte))
}
const raw = (block: Uint8Array) => cidOf(block, 'raw')

async function startTwo(stack: AsyncDisposableStack, ...held: Uint8Array[]): Promise<[Network, Network]> {
  const [a, b] = [await startNode(stack), await startNode(stack, { blocks: blocksOf(...held) })]
  await a.dial(b.addresses()[0]!)
  return [a, b]
}

blocks('one that is there, one that is not, and those that nobody can check', async () => {
  await using stack = new AsyncDisposableStack()
  const block = blockOf(1)
  const [a, b] = await startTwo(stack, block)
  const source = a.blockSource(b.peerId)
  assert.is(source.name, b.peerId)
  assert.equal(await source.get(raw(block)), block)
  assert.is(await source.get(raw(blockOf(2))), null)
  assert.is(await codeOf(() => source.get(CID.createV1(0x55, identity.digest(bytes('mine'))))), 'block_hash')
  assert.equal(await a.fetchBlock(campaignOf('blocks'), raw(block)), block)
  assert.is(await a.fetchBlock(campaignOf('blocks'), raw(blockOf(2))), null)
  assert.is(await codeOf(() => b.blockSource('nobody').get(raw(block))), 'peer_invalid')
})

blocks('the empty block, and the same one under two names and asked for twice', async () => {
  await using stack = new AsyncDisposableStack()
  const [block, empty] = [blockOf(3), new Uint8Array()]
  const [a, b] = await startTwo(stack, block, empty)
  const { get } = a.blockSource(b.peerId)
  const names = [cidOf(block, 'raw'), cidOf(block, 'dag-cbor'), cidOf(block, 'raw')]
  assert.equal(await Promise.all(names.map((cid) => get(cid))), [block, block, block])
  assert.equal(await get(raw(empty)), empty)
})

blocks('a thousand at once, some of a MiB and some of them missing, in both directions', async () => {
  await using stack = new AsyncDisposableStack()
  const held = Array.from({ length: 1_000 }, (_, n) => blockOf(n, n % 100 === 0 ? MIB : 1000))
  const others = Array.from({ length: 200 }, (_, n) => blockOf(n + 10_000, 50_000))
  const b = await startNode(stack, { blocks: blocksOf(...held) })
  const a = await startNode(stack, { blocks: blocksOf(...others) })
  await a.dial(b.addresses()[0]!)
  const there = held.map(async (block) =>
    assert.ok(same(await a.blockSource(b.peerId).get(raw(block)), block)),
  )
  const back = others.map(async (block) =>
    assert.ok(same(await b.blockSource(a.peerId).get(raw(block)), block)),
  )
  const missing = others.map(async (block) => assert.is(await a.blockSource(b.peerId).get(raw(block)), null))
  await Promise.all([...there, ...back, ...missing])
})

blocks('one that can not be read is as good as missing, and holds up no other', async () => {
  await using stack = new AsyncDisposableStack()
  const [good, bad] = [blockOf(5), blockOf(6)]
  const all = blocksOf(good, bad)
  const b = await startNode(stack, {
    blocks: {
      has: all.has,
      get(cid) {
        if (cid.equals(raw(bad))) throw new Error('the disk failed')
        return all.get(cid)
      },
    },
  })
  const a = await startNode(stack)
  await a.dial(b.addresses()[0]!)
  const { get } = a.blockSource(b.peerId)
  assert.equal(await Promise.all([get(raw(bad)), get(raw(good))]), [null, good])
})

blocks('called off, it ends at once, and the peer is told', async () => {
  await using stack = new AsyncDisposableStack()
  const host = await makeHost(stack)
  const a = await startNode(stack)
  await a.dial(host.address)
  const controller = new AbortController()
  const { signal } = controller
  const got = codeOf(() => a.blockSource(host.peerId).get(raw(blockOf(7)), { signal }))
  await until('it is wanted', () => host.heard.some(({ wants }) => wants.some(({ cancel }) => !cancel)))
  controller.abort()
  assert.is(await got, 'request_aborted')
  await until('it is wanted no more', () =>
    host.heard.some(({ wants }) => wants.some(({ cancel }) => cancel)),
  )
  // it comes all the same: nobody has forged anything
  const next = a.blockSource(host.peerId).get(raw(blockOf(8)))
  await host.send(a, { blocks: [{ cid: raw(blockOf(7)), bytes: blockOf(7) }] })
  await host.send(a, { blocks: [{ cid: raw(blockOf(8)), bytes: blockOf(8) }] })
  assert.equal(await next, blockOf(8))
  assert.is(
    await codeOf(() => a.blockSource(host.peerId).get(raw(blockOf(8)), { signal })),
    'request_aborted',
    'called off before it began',
  )
})

blocks('a peer that says nothing, and one that is gone in the middle', async () => {
  await using stack = new AsyncDisposableStack()
  const host = await makeHost(stack)
  const a = await startNode(stack, { silenceMs: 500 })
  await a.dial(host.address)
  const many = Array.from({ length: 100 }, (_, n) => raw(blockOf(n)))
  const codes = await Promise.all(many.map((cid) => codeOf(() => a.blockSource(host.peerId).get(cid))))
  assert.ok(codes.every((code) => code === 'request_timeout'))
  const b = await startNode(stack)
  await b.dial(host.address)
  const gone = Promise.all(many.map((cid) => codeOf(() => b.blockSource(host.peerId).get(cid))))
  await until('they are wanted', () => host.heard.filter(({ from }) => from === b.peerId).length > 0)
  await host.close()
  assert.ok((await gone).every((code) => code === 'peer_unreachable'))
})

blocks('a peer that sends other bytes is named; what it sends unasked counts for nothing', async () => {
  await using stack = new AsyncDisposableStack()
  const host = await makeHost(stack)
  const a = await startNode(stack)
  await a.dial(host.address)
  const wanted = raw(blockOf(9))
  await host.send(a, { blocks: [{ cid: raw(blockOf(1)), bytes: blockOf(1) }] })
  const fault = a
    .blockSource(host.peerId)
    .get(wanted)
    .then(
      () => assert.unreachable(),
      (error) => error,
    )
  await until('it is wanted', () => host.heard.length > 0)
  await host.send(a, { blocks: [{ cid: wanted, bytes: blockOf(10) }] })
  assert.is((await fault).code, 'block_forged')
  assert.match((await fault).message, host.peerId)
})

blocks('wants without end are answered one after the other, in as much memory as few', async () => {
  await using stack = new AsyncDisposableStack()
  let reading = 0
  let most = 0
  const block = new Uint8Array(MIB)
  const b = await startNode(stack, {
    blocks: {
      has: async () => true,
      async *get() {
        most = Math.max(most, ++reading)
        await setTimeout(1)
        reading--
        yield block
      },
    },
  })
  const hosts = await Promise.all(Array.from({ length: 17 }, () => makeHost(stack, { deaf: true })))
  const floods = Array.from({ length: 5 }, (_, i) => wantsOf(1_000, i))
  const read = hosts.map(async (host) => {
    await host.dial(b)
    for (const wants of floods) await host.send(b, { wants }).catch(() => {})
  })
  await Promise.all(read)
  await until('some are read', () => most > 0)
  await setTimeout(500)
  assert.ok(most <= 16, `${most} blocks are read at once`)
  const used = process.memoryUsage()
  assert.ok(used.arrayBuffers < 256 * MIB, `${used.arrayBuffers} bytes of buffers`)
  const a = await startNode(stack)
  await a.dial(b.addresses()[0]!)
})

blocks(
  'what is malformed, too long, or too much for one message ends its stream, and nothing else',
  async () => {
    await using stack = new AsyncDisposableStack()
    const block = blockOf(11)
    const b = await startNode(stack, { blocks: blocksOf(block) })
    const host = await makeHost(stack)
    await host.dial(b)
    const lies = [
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f),
      Uint8Array.of(3, 0x0a, 0x7f, 0x00),
      new Uint8Array([0x80, 0x80, 0x20, ...new Uint8Array(500_000)]),
    ]
    for (const lie of lies) assert.ok(await host.isEnded(b, lie), `${lie.subarray(0, 5)}`)
    assert.ok(await host.isEnded(b, host.encode({ wants: wantsOf(9_000, 0, 2) })))
    await host.send(b, { wants: [{ cid: raw(block), want: 'block', cancel: false, sendDontHave: true }] })
    await until('it is given', () =>
      host.heard.some((message) => message.blocks.some((got) => same(got, block))),
    )
  },
)

blocks('whether it is there, and wants that are taken back', async () => {
  await using stack = new AsyncDisposableStack()
  const block = blockOf(12)
  const b = await startNode(stack, { blocks: blocksOf(block) })
  const host = await makeHost(stack)
  await host.dial(b)
  const have = { want: 'have', cancel: false, sendDontHave: true } as const
  await host.send(b, {
    wants: [
      { cid: raw(block), ...have },
      { cid: raw(blockOf(13)), ...have },
      { cid: raw(blockOf(14)), ...have, sendDontHave: false },
    ],
  })
  await until('it is told', () => host.heard.length > 0)
  assert.equal(
    host.heard.flatMap(({ presences }) => presences.map(({ has }) => has)),
    [true, false],
  )
})

/** Wants of blocks that nobody has, `length` bytes of each hash being its own. */
function wantsOf(count: number, seed: number, length = 32) {
  return Array.from({ length: count }, (_, n) => {
    const digest = createHash('sha256').update(`${seed} ${n}`).digest()
    const cid = length === 32 ? raw(digest) : CID.createV1(0x55, identity.digest(digest.subarray(0, length)))
    return { cid, want: 'block', cancel: false, sendDontHave: true } as const
  })
}

const same = (a: Uint8Array | null, b: Uint8Array) => a !== null && Buffer.compare(a, b) === 0

blocks.run()
