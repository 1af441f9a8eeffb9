import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DemoNode } from '../../../cli/demo/nodes.ts'
import { watchNodes } from '../../../cli/demo/watch-nodes.ts'

const watching = suite('watching the demo')

/** A node that answers as given: a verdict that comes between two answers can't be made to come. */
function startNode(answers: { segments: object[]; judged: object[] }[]): DemoNode {
  let looks = 0
  const status = { peerId: 'a', work: [], failures: [], audits: { current: null } }
  const ask = async (command: string) => {
    if (command === 'status') return { ...status, campaigns: [{ segments: 1, digest: 'd' }] }
    const { segments, judged } = answers[Math.min(looks, answers.length - 1)]!
    if (command === 'segments') return segments
    looks++
    return judged
  }
  return { name: 'node 1', ask } as unknown as DemoNode
}

watching('a segment whose shard was refused meanwhile is not done', async () => {
  const done = (manifest: string) => [{ segment: 0, state: 'done', manifest, peer: 'a' }]
  const refused = { manifest: 'first', state: 'refused' }
  const node = startNode([
    { segments: done('first'), judged: [refused] },
    { segments: done('second'), judged: [refused] },
    { segments: done('second'), judged: [refused, { manifest: 'second', state: 'verified' }] },
  ])
  const seen: number[] = []
  const { segments, shards } = await watchNodes([node], AbortSignal.timeout(60_000), () => void seen.push(1))
  assert.is(segments[0]?.manifest, 'second')
  assert.is(shards.length, 2)
  assert.is(seen.length, 3)
})

watching.run()
