import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_GOSSIP_BYTES, type Ruling } from '../../../node/network/network.ts'
import { codeOf } from '../../protocol/fault.ts'
import { bytes, campaignOf, startNode, text, until } from './start-node.ts'

const gossip = suite('gossip')

gossip('the alias names the maintained package', () => {
  const url = new URL('../../../node_modules/@chainsafe/libp2p-gossipsub/package.json', import.meta.url)
  const { name, version } = JSON.parse(readFileSync(url, 'utf8'))
  assert.is(name, '@libp2p/gossipsub')
  assert.match(version, /^17\./)
})

gossip('records go to all, judged by each; what came before is not repeated', async () => {
  await using stack = new AsyncDisposableStack()
  const campaign = campaignOf('gossip')
  const [a, b, c] = [await startNode(stack), await startNode(stack), await startNode(stack)]
  const heard: Record<string, string[]> = { b: [], c: [] }
  const listen = (name: string) => ({
    validate: (record: Uint8Array): Ruling => (text(record).startsWith('old') ? 'ignore' : 'accept'),
    deliver: (record: Uint8Array) => void heard[name]!.push(text(record)),
  })
  a.subscribe(campaign, { validate: () => 'accept' })
  b.subscribe(campaign, listen('b'))
  await b.dial(a.addresses()[0]!)
  await until('a knows that b listens', () => a.listeners(campaign).includes(b.peerId))
  // 0 where the stream to b is not open yet: then it waits for that
  await a.publish(campaign, bytes('one'))
  await until('b hears', () => heard.b!.length === 1)

  c.subscribe(campaign, listen('c'))
  await c.dial(b.addresses()[0]!)
  await until('b and c know each other', () =>
    [b.listeners(campaign).includes(c.peerId), c.listeners(campaign).includes(b.peerId)].every(Boolean),
  )
  await a.publish(campaign, bytes('old: two'))
  await a.publish(campaign, bytes('three'))
  await until('c hears', () => heard.c!.length === 1)
  assert.equal(heard, { b: ['one', 'three'], c: ['three'] })
})

gossip('waits in the outbox until somebody listens, in order', async () => {
  await using stack = new AsyncDisposableStack()
  const campaign = campaignOf('outbox')
  const [a, b] = [await startNode(stack), await startNode(stack)]
  a.subscribe(campaign, { validate: () => 'accept' })
  await a.dial(b.addresses()[0]!)
  const records = Array.from({ length: 20 }, (_, i) => `record ${i}`)
  for (const record of records) assert.is(await a.publish(campaign, bytes(record)), 0)
  const heard: string[] = []
  // b told its topics before: none
  b.subscribe(campaign, { validate: () => 'accept', deliver: (record) => void heard.push(text(record)) })
  await until('b hears all', () => heard.length === records.length)
  assert.equal(heard, records)
})

gossip('a node that joins a campaign after its neighbour is heard by it', async () => {
  await using stack = new AsyncDisposableStack()
  const campaign = campaignOf('joined later')
  const [a, b] = [await startNode(stack), await startNode(stack)]
  const heard: string[] = []
  b.subscribe(campaign, { validate: () => 'accept', deliver: (record) => void heard.push(text(record)) })
  await a.dial(b.addresses()[0]!)
  await until('a knows that b listens, though it does not itself', () => a.listeners(campaign).length === 1)
  assert.is(await a.publish(campaign, bytes('hello')), 1)
  await until('b hears', () => heard.length === 1)
})

gossip('an oversize record is refused before it is sent, and its author still heard', async () => {
  await using stack = new AsyncDisposableStack()
  const campaign = campaignOf('oversize')
  const [a, b] = [await startNode(stack), await startNode(stack)]
  const heard: number[] = []
  a.subscribe(campaign, { validate: () => 'accept' })
  b.subscribe(campaign, { validate: () => 'accept', deliver: (record) => void heard.push(record.length) })
  await a.dial(b.addresses()[0]!)
  await until('they know each other', () => a.listeners(campaign).length === 1)
  const oversize = new Uint8Array(MAX_GOSSIP_BYTES + 1)
  assert.is(await codeOf(() => a.publish(campaign, oversize)), 'gossip_oversize')
  await a.publish(campaign, new Uint8Array(MAX_GOSSIP_BYTES))
  await a.publish(campaign, bytes('small'))
  await until('both are heard', () => heard.length === 2)
  assert.equal(heard, [MAX_GOSSIP_BYTES, 5])
})

gossip('ignored records cost nothing; a forger is not heard any more, and others are', async () => {
  await using stack = new AsyncDisposableStack()
  const campaign = campaignOf('forger')
  const [judge, forger, honest] = [await startNode(stack), await startNode(stack), await startNode(stack)]
  const judged: string[] = []
  const rule = (record: Uint8Array): Ruling => {
    if (text(record).startsWith('forged')) return 'reject'
    return text(record).startsWith('odd') ? 'ignore' : 'accept'
  }
  judge.subscribe(campaign, {
    validate: (record) => {
      judged.push(text(record))
      return rule(record)
    },
  })
  for (const node of [forger, honest]) {
    // nodes find each other, and who passes a forgery on is blamed for it
    node.subscribe(campaign, { validate: rule })
    await node.dial(judge.addresses()[0]!)
    await until('they know each other', () => node.listeners(campaign).includes(judge.peerId))
  }
  for (let i = 0; i < 20; i++) await honest.publish(campaign, bytes(`odd ${i}`))
  await until('the odd ones are judged', () => judged.length === 20)
  for (let i = 0; i < 3; i++) await forger.publish(campaign, bytes(`forged ${i}`))
  await until('the forged ones are judged', () => judged.length === 23)
  let round = 3
  await until('a forged one is not heard any more', async () => {
    const forged = `forged ${round++}`
    await forger.publish(campaign, bytes(forged)).catch(() => {})
    // the score is looked up anew every second
    await setTimeout(1_100)
    return !judged.includes(forged)
  })
  await honest.publish(campaign, bytes('honest'))
  await until('the honest one is judged', () => judged.includes('honest'))
  assert.ok((await judge.peers()).some(({ id }) => id === honest.peerId))
})

gossip('a flood of one author is cut; the next author is heard', async () => {
  await using stack = new AsyncDisposableStack()
  const campaign = campaignOf('flood')
  const [judge, flooder, honest] = [await startNode(stack), await startNode(stack), await startNode(stack)]
  let flooded = 0
  let heard = false
  judge.subscribe(campaign, {
    validate: (record) => {
      if (text(record) === 'honest') heard = true
      else flooded++
      return 'accept'
    },
  })
  for (const node of [flooder, honest]) {
    await node.dial(judge.addresses()[0]!)
    await until('they know each other', () => node.listeners(campaign).includes(judge.peerId))
  }
  for (let i = 0; i < 600; i++) await flooder.publish(campaign, bytes(`flood ${i}`))
  await honest.publish(campaign, bytes('honest'))
  await until('the honest one is judged', () => heard)
  assert.ok(flooded <= 400, `${flooded} were judged`)
})

gossip.run()
