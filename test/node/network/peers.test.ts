import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Answers } from '../../../node/network/network.ts'
import { openStore } from '../../../node/store/store.ts'
import { codeOf } from '../../protocol/fault.ts'
import { bytes, campaignOf, makeDir, makeIdentity, startNode, text, until } from './start-node.ts'

const peers = suite('peers')

/** An id that nobody has. */
const OTHER = '12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7'

peers('are listed with what is known of them, and announced as they come and go', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = [await startNode(stack), await startNode(stack, { agent: 'shoal/9.9.9' })]
  const events: string[] = []
  const end = a.onPeer((event, peer) => void events.push(`${event} ${peer}`))
  assert.is(await a.dial(b.addresses()[0]!), b.peerId)
  await until('b has said who it is', async () => (await a.peers())[0]?.agent === 'shoal/9.9.9')
  const [peer, ...others] = await a.peers()
  assert.is(others.length, 0)
  assert.is(peer!.id, b.peerId)
  assert.is(peer!.direction, 'outbound')
  assert.is(peer!.relayed, false)
  assert.equal(peer!.addresses, b.addresses())
  assert.ok(peer!.protocols.includes('/shoal/1/sync'))
  assert.ok(Math.abs(Date.now() - peer!.since) < 60_000)
  await b.close()
  await until('b is gone', () => events.length === 2)
  assert.equal(events, [`connect ${b.peerId}`, `disconnect ${b.peerId}`])
  end()
})

peers('wrong addresses are refused by name', async () => {
  await using stack = new AsyncDisposableStack()
  const a = await startNode(stack)
  assert.is(await codeOf(() => a.dial('localhost:4001')), 'address_invalid')
  assert.is(await codeOf(() => a.dial('/ip4/127.0.0.1/tcp/1')), 'address_invalid')
  assert.is(await codeOf(() => startNode(stack, { bootstrap: ['/ip4/127.0.0.1/tcp/1'] })), 'address_invalid')
  assert.is(await codeOf(() => a.dial(`/ip4/127.0.0.1/tcp/1/p2p/${OTHER}`)), 'peer_unreachable')
  assert.is(await codeOf(() => a.askCampaign('nobody', campaignOf('x'))), 'peer_invalid')
  const listen = ['/ip4/127.0.0.1/tcp/0', a.addresses()[0]!.replace(/\/p2p.*/, '')]
  assert.is(await codeOf(() => startNode(stack, { listen: listen.slice(1) })), 'listen_failed')
})

peers('a node keeps its id and its peers over a restart', async () => {
  await using stack = new AsyncDisposableStack()
  const store = await openStore(join(await makeDir(stack), 'db'))
  stack.defer(() => store.close())
  const identity = await makeIdentity(stack)
  const other = await startNode(stack)
  const first = await startNode(stack, { identity, table: store.network })
  assert.is(first.peerId, identity.peerId)
  await first.dial(other.addresses()[0]!)
  await until('they know each other', async () => (await first.peers())[0]?.agent === 'shoal/test')
  await first.close()
  await until('the other has noticed', async () => (await other.peers()).length === 0)
  const second = await startNode(stack, { identity, table: store.network })
  assert.is(second.peerId, identity.peerId)
  await until('they are connected again', async () => (await second.peers())[0]?.id === other.peerId)
  await second.close()
})

peers('a bootstrap node is called', async () => {
  await using stack = new AsyncDisposableStack()
  const first = await startNode(stack)
  const second = await startNode(stack, { bootstrap: first.addresses() })
  await until('they are connected', async () => (await second.peers())[0]?.id === first.peerId)
})

peers('behind NAT, a node is asked by way of a relay, which it finds itself', async () => {
  await using stack = new AsyncDisposableStack()
  const answers: Answers = {
    record: async () => bytes('a claim'),
    campaign: async () => null,
    file: () => null,
    sync: async () => {},
  }
  const relay = await startNode(stack, { relay: true })
  const home = await startNode(stack, { relayed: true, listen: [], answers })
  await home.dial(relay.addresses()[0]!)
  const relayed = () => home.addresses().find((address) => address.includes('/p2p-circuit/'))
  await until('it has a place at the relay', () => relayed() !== undefined)
  const other = await startNode(stack, { relayed: true })
  assert.is(await other.dial(relayed()!), home.peerId)
  assert.equal(await other.askRecord(home.peerId, campaignOf('relay'), 1), bytes('a claim'))
  assert.ok((await other.peers()).some(({ id, relayed }) => id === home.peerId && relayed))
})

peers('on the public network private addresses stay out of the DHT; gossip works', async () => {
  await using stack = new AsyncDisposableStack()
  const campaign = campaignOf('public')
  const [a, b] = [await startNode(stack, { local: false }), await startNode(stack, { local: false })]
  let heard = false
  a.subscribe(campaign, { validate: () => 'accept', deliver: () => (heard = true) })
  await b.dial(a.addresses()[0]!)
  await until('b knows that a listens', () => b.listeners(campaign).length === 1)
  await b.publish(campaign, bytes('hello'))
  await until('a hears', () => heard)
  assert.is(a.tableSize() + b.tableSize(), 0)
})

peers('cut off, a node hears nobody; healed, it is found again', async () => {
  await using stack = new AsyncDisposableStack()
  const campaign = campaignOf('partition')
  const [a, b, c] = [await startNode(stack), await startNode(stack), await startNode(stack)]
  const heard: string[] = []
  for (const node of [a, b]) node.subscribe(campaign, { validate: () => 'accept' })
  c.subscribe(campaign, { validate: () => 'accept', deliver: (record) => void heard.push(text(record)) })
  await b.dial(a.addresses()[0]!)
  await c.dial(a.addresses()[0]!)
  await until('all listen', () => a.listeners(campaign).length === 2)

  await c.admitOnly(() => false)
  assert.equal(await c.peers(), [])
  assert.is(
    await codeOf(() => a.dial(c.addresses()[0]!).then(() => c.dial(a.addresses()[0]!))),
    'peer_unreachable',
  )
  await until('a has noticed', () => a.listeners(campaign).length === 1)
  await a.publish(campaign, bytes('during'))

  await c.admitOnly(() => true)
  await until('c is back', () => a.listeners(campaign).includes(c.peerId))
  // gossip promises no single message, least of all while streams open: what is lost a synchronisation brings
  const repeat = setInterval(() => void a.publish(campaign, bytes(`after ${Date.now()}`)), 500)
  stack.defer(() => clearInterval(repeat))
  await until('c hears again', () => heard.length > 0)
  clearInterval(repeat)
  assert.ok(heard.every((record) => record.startsWith('after')))
})

peers.run()
