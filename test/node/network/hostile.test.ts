import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { streamPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { createLibp2p } from 'libp2p'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_GOSSIP_FRAME_BYTES } from '../../../node/network/limits.ts'
import { converse } from '../../../node/network/messages.ts'
import type { Answers, Network } from '../../../node/network/network.ts'
import { decode, encode } from '../../../protocol/codec.ts'
import { DHT_PROTOCOL, REQUEST_PROTOCOLS } from '../../../protocol/topics.ts'
import { codeOf } from '../../protocol/fault.ts'
import { bytes, campaignOf, startNode, until } from './start-node.ts'

const hostile = suite('hostile peers')

const campaign = campaignOf('hostile')
const answers: Answers = {
  record: async () => bytes('a claim'),
  campaign: async () => null,
  file: () => null,
  sync: async ({ read }) => {
    while (typeof decode(await read()) === 'string') {}
    throw new TypeError('not a text')
  },
}

/** A node that keeps none of the rules. */
async function startAttacker(stack: AsyncDisposableStack, victim: Network) {
  const libp2p = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  })
  stack.defer(() => libp2p.stop())
  // gossip listens to peers that speak it
  await libp2p.handle('/meshsub/1.2.0', () => {})
  const connection = await libp2p.dial(multiaddr(victim.addresses()[0]!))
  return { libp2p, open: (protocol: string) => connection.newStream(protocol) }
}

/** Send, and wait until the other side has ended the stream. @returns whether it did */
async function isEnded(stream: Stream, data: Uint8Array): Promise<boolean> {
  const ended = () => stream.status !== 'open' || stream.remoteWriteStatus === 'closed'
  try {
    stream.send(data)
    await until('it is ended', ended, 3_000)
    return true
  } catch {
    return ended()
  } finally {
    stream.abort(new Error('the test is done'))
  }
}

const ENDLESS = new Uint8Array(1000).fill(0x80)
const HUGE = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07)
const framed = (value: unknown, length = 0) => {
  const body = encode(value)
  return Uint8Array.of((body.length + length) | 0x80, (body.length + length) >> 7, ...body)
}
const GARBAGE: Record<string, Uint8Array> = {
  'a length without end': ENDLESS,
  'a length of 2 GiB': HUGE,
  'bytes of no meaning': Uint8Array.from({ length: 5000 }, (_, i) => (i * 197 + 31) & 0xff),
  'no DAG-CBOR': Uint8Array.of(3, 0xff, 0xff, 0xff),
  'an empty message': Uint8Array.of(0),
  'another question': framed({ what: 'is this?' }),
  'a field too many': framed({ campaign, segment: 1, more: true }),
  'a campaign that is none': framed({ campaign: 'x', segment: 1 }),
  'a segment that is none': framed({ campaign, segment: -1 }),
  'a long question': framed({ campaign, segment: 1, filler: new Uint8Array(2000) }),
}

for (const protocol of Object.values(REQUEST_PROTOCOLS)) {
  hostile(`garbage on ${protocol} ends the stream, and others are answered`, async () => {
    await using stack = new AsyncDisposableStack()
    const [victim, honest] = [await startNode(stack, { answers }), await startNode(stack)]
    await honest.dial(victim.addresses()[0]!)
    const { open } = await startAttacker(stack, victim)
    for (const [what, data] of Object.entries(GARBAGE)) {
      assert.ok(await isEnded(await open(protocol), data), what)
    }
    assert.equal(await honest.askRecord(victim.peerId, campaign, 1), bytes('a claim'))
  })
}

hostile('any bytes at all end a request', async () => {
  await using stack = new AsyncDisposableStack()
  const victim = await startNode(stack, {
    answers: { ...answers, record: () => Promise.reject(new Error('!')) },
  })
  const { open } = await startAttacker(stack, victim)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 2, maxLength: 100 }), async (data) => {
      // a length and too few bytes after it would be waited for
      data[0] = Math.min(data[0]!, data.length - 1) & 0x7f
      assert.ok(await isEnded(await open(REQUEST_PROTOCOLS.record), data))
    }),
    { numRuns: 50 },
  )
})

hostile('streams held open are few, and the limit is each peer’s own', async () => {
  await using stack = new AsyncDisposableStack()
  const [victim, honest] = [await startNode(stack, { answers }), await startNode(stack)]
  await honest.dial(victim.addresses()[0]!)
  const { open } = await startAttacker(stack, victim)
  const opened = await Promise.allSettled(Array.from({ length: 60 }, () => open(REQUEST_PROTOCOLS.record)))
  const streams = opened.filter((result) => result.status === 'fulfilled').map(({ value }) => value)
  const held = () => streams.filter(({ status }) => status === 'open').length
  await until('the others are refused', () => held() <= 16)
  assert.equal(await honest.askRecord(victim.peerId, campaign, 1), bytes('a claim'))
})

hostile('a peer that asks too often is refused; the next one is not', async () => {
  await using stack = new AsyncDisposableStack()
  const [victim, eager, honest] = [
    await startNode(stack, { answers }),
    await startNode(stack),
    await startNode(stack),
  ]
  for (const node of [eager, honest]) await node.dial(victim.addresses()[0]!)
  const codes = await Promise.all(
    Array.from({ length: 300 }, (_, segment) =>
      codeOf(() => eager.askRecord(victim.peerId, campaign, segment)),
    ),
  )
  assert.is(codes.filter((code) => code === null).length, 200)
  assert.is(codes.filter((code) => code === 'request_failed').length, 100)
  assert.equal(await honest.askRecord(victim.peerId, campaign, 1), bytes('a claim'))
})

hostile('garbage on gossip and the DHT: both go on for others', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = [await startNode(stack), await startNode(stack)]
  let heard = 0
  b.subscribe(campaign, { validate: () => 'accept', deliver: () => void heard++ })
  a.subscribe(campaign, { validate: () => 'accept' })
  await a.dial(b.addresses()[0]!)
  const { open } = await startAttacker(stack, b)
  for (const protocol of ['/meshsub/1.2.0', DHT_PROTOCOL]) {
    for (const data of Object.values(GARBAGE)) {
      const stream = await open(protocol)
      stream.send(data)
    }
  }
  await until('they know each other', () => a.listeners(campaign).length === 1)
  await a.publish(campaign, bytes('one'))
  await until('b hears', () => heard === 1)
  a.provide(campaign)
  await until('b finds a', async () => (await b.findProviders(campaign)).includes(a.peerId))
})

hostile('a frame too large makes gossip deaf to its sender; the node calls it anew', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = [await startNode(stack), await startNode(stack)]
  const heard: number[] = []
  a.subscribe(campaign, { validate: () => 'accept' })
  b.subscribe(campaign, { validate: () => 'accept', deliver: (record) => void heard.push(record.length) })
  await a.dial(b.addresses()[0]!)
  await until(
    'they know each other',
    () => a.listeners(campaign).length === 1 && b.listeners(campaign).length === 1,
  )
  const events: string[] = []
  b.onPeer((event) => void events.push(event))
  const { open } = await startAttacker(stack, b)
  const frame = Buffer.concat([
    Uint8Array.of(0x81, 0x80, 0x80, 0x04),
    new Uint8Array(MAX_GOSSIP_FRAME_BYTES + 1),
  ])
  // gossip takes no frame before the node has said who it is
  const again = setInterval(
    () =>
      open('/meshsub/1.2.0').then(
        (stream) => stream.send(frame),
        () => {},
      ),
    300,
  )
  stack.defer(() => clearInterval(again))
  await until('the attacker is cut off', () => events.includes('disconnect'))
  assert.ok((await b.peers()).some(({ id }) => id === a.peerId))
  await a.publish(campaign, bytes('one'))
  await until('b still hears a', () => heard.length === 1)
})

hostile('a peer that is shunned does not come back', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = [await startNode(stack), await startNode(stack)]
  await a.dial(b.addresses()[0]!)
  await until('they are connected', async () => (await b.peers()).length === 1)
  await b.shun(a.peerId)
  assert.equal(await b.peers(), [])
  await until('a has noticed', async () => (await a.peers()).length === 0)
  const codes = await Promise.all([
    codeOf(() => b.dial(a.addresses()[0]!)),
    codeOf(() => a.askRecord(b.peerId, campaign, 1)),
  ])
  assert.equal(codes, ['peer_unreachable', 'peer_unreachable'])
})

hostile('a peer that says nothing, or takes nothing, is left', async () => {
  await using stack = new AsyncDisposableStack()
  const limits = { totalMs: 50_000, idleMs: 100 }
  const [here] = await streamPair()
  assert.is(await codeOf(() => converse(here, limits, ({ read }) => read())), 'request_timeout')

  const sync: Answers['sync'] = () => new Promise((resolve) => setTimeout(resolve, 60_000).unref())
  const { open } = await startAttacker(stack, await startNode(stack, { answers: { ...answers, sync } }))
  const stream = await open(REQUEST_PROTOCOLS.sync)
  let written = 0
  const pour = converse(stream, limits, async ({ write }) => {
    await write(bytes('hello'))
    for (;;) {
      await write(new Uint8Array(100_000))
      written += 100_000
    }
  })
  assert.is(await codeOf(() => pour), 'request_timeout')
  assert.ok(written < 4 * 1024 * 1024, `${written} bytes were taken by somebody who does not read`)
})

hostile('a peer that never ends is left at the end of the time', async () => {
  const [here, there] = await streamPair()
  const drip = setInterval(() => {
    if (there.status === 'open') there.send(Uint8Array.of(1, 0))
  }, 10)
  const listen = converse(here, { totalMs: 300, idleMs: 100 }, async ({ read }) => {
    for (;;) await read()
  })
  assert.is(await codeOf(() => listen), 'request_timeout')
  clearInterval(drip)
})

hostile.run()
