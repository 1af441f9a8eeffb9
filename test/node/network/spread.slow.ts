/** How gossip spreads among 25 nodes in one process, where none knows more than three others at first. */
import { setTimeout } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Network } from '../../../node/network/network.ts'
import { segmentKey } from '../../../protocol/segment-key.ts'
import { bytes, campaignOf, startNode, text, until } from './start-node.ts'

const NODES = 25
const RECORDS = 100

const spread = suite('spread')

spread(`gossip reaches all of ${NODES} nodes`, async () => {
  await using stack = new AsyncDisposableStack()
  const campaign = campaignOf('spread')
  const delays: number[] = []
  const published = new Map<string, number>()
  const nodes: Network[] = []
  let lost = 0
  for (let i = 0; i < NODES; i++) {
    const node = await startNode(stack, { lookMs: 1_000 })
    node.subscribe(campaign, {
      validate: () => 'accept',
      deliver: (record) => void delays.push(performance.now() - published.get(text(record))!),
    })
    for (const other of [nodes[i - 1], nodes[Math.floor(i / 2)], nodes[Math.floor(i / 3)]])
      if (other !== undefined && other !== node) await node.dial(other.addresses()[0]!)
    node.onPeer((event) => {
      if (event === 'disconnect') lost++
    })
    nodes.push(node)
  }
  await until('each knows another that listens', () =>
    nodes.every((node) => node.listeners(campaign).length > 0),
  )
  // meshes are made at heartbeats, one a second
  await setTimeout(3_000)
  for (let i = 0; i < RECORDS; i++) {
    const record = `record ${i}`
    published.set(record, performance.now())
    await nodes[(i * 7) % NODES]!.publish(campaign, bytes(record))
    await setTimeout(20)
  }
  const all = RECORDS * (NODES - 1)
  await until('all have all', () => delays.length >= all)
  assert.is(delays.length, all, 'none hears a record twice')
  delays.sort((a, b) => a - b)
  const [p50, max] = [delays[all >> 1]!, delays.at(-1)!]
  console.log(
    `\n${RECORDS} records to ${NODES - 1} nodes each: p50 ${p50.toFixed(1)} ms, max ${max.toFixed(1)} ms`,
  )
  await findAll(nodes, campaign)
  const connections = await Promise.all(nodes.map(async (node) => (await node.peers()).length))
  console.log(`connections a node: ${Math.min(...connections)} to ${Math.max(...connections)}`)
  assert.ok(max < 30_000)
  // of the two ends of hundreds: a machine that stands still for seconds loses one now and then
  assert.ok(lost < NODES, `${lost} connections were lost`)
})

/** Each provides a segment's key, and another one looks it up. */
async function findAll(nodes: Network[], campaign: CID): Promise<void> {
  const times: number[] = []
  let missed = 0
  for (const [segment, node] of nodes.entries()) node.provide(segmentKey(campaign, segment))
  for (const [segment, node] of nodes.entries()) {
    const seeker = nodes[(segment + 11) % NODES]!
    const look = () => seeker.findProviders(segmentKey(campaign, segment), { limit: 1 })
    await until(`key ${segment} is announced`, async () => (await look()).length > 0)
    const begin = performance.now()
    // now and then a query ends before it came to a peer that knows
    if (!(await look()).includes(node.peerId)) missed++
    times.push(performance.now() - begin)
  }
  times.sort((a, b) => a - b)
  console.log(
    `${NODES} lookups: p50 ${times[NODES >> 1]!.toFixed(1)} ms, max ${times.at(-1)!.toFixed(1)} ms, ${missed} in vain`,
  )
  assert.ok(missed <= 2)
}

spread.run()
