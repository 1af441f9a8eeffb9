import stringWidth from 'string-width'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeStanding, tellDone } from '../../../cli/demo/show-progress.ts'
import type { Standing } from '../../../cli/demo/watch-nodes.ts'

const progress = suite('progress of the demo')

const done = (segment: number, peer: string): Standing['done'][number] => ({
  ...{ campaign: 'bafy', segment, peer, own: false, manifest: 'bafy', until: null },
  state: 'done',
})
const score = (done: number) => [{ stage: 'score' as const, done, total: 40, unit: 'pairs' as const }]

const standing: Standing = {
  segments: 6,
  done: [done(0, 'b'), done(4, 'a')],
  shards: [],
  nodes: [
    {
      ...{ name: 'node 1', peerId: 'a', audit: null },
      work: [
        { campaign: 'bafy', segment: 5, phase: 'claim', stages: [], since: 0 },
        { campaign: 'bafy', segment: 3, phase: 'run', stages: score(20), since: 0 },
      ],
    },
    {
      name: 'node 2',
      peerId: 'b',
      audit: { campaign: 'bafy', segment: 4, manifest: 'bafy', done: 0, total: 0, since: 0 },
      work: [{ campaign: 'bafy', segment: 1, phase: 'run', stages: [], since: 0 }],
    },
    { name: 'node 3', peerId: 'c', audit: null, work: [] },
  ],
}

progress('a bar with pace and time left, and what each node does', () => {
  let now = 0
  const describe = describeStanding(() => now)
  describe({ ...standing, done: [], nodes: [] })
  now = 30_000
  const [bar, first, second, third] = describe(standing)
  // two done, and half of one scored: 2.25 in half a minute
  assert.is(bar, `${'█'.repeat(9)}${'░'.repeat(15)}  2 of 6 segments  4.5 a minute  50 s left`)
  assert.is(first, 'node 1  1 done  segment 5: claimed; segment 3: score 20 of 40 pairs')
  assert.is(second, 'node 2  1 done  audits segment 4; segment 1: starting')
  assert.is(third, 'node 3  0 done  waiting')
  for (const line of [bar, first, second, third]) assert.ok(stringWidth(line!) <= 80, line)
})

const shard = (segment: number, producer: string, state: 'refused' | 'verified') => ({
  ...{ campaign: 'bafy', segment, manifest: 'bafy', id: `${segment}${producer}`, producer, own: false },
  ...{ state, needed: 1, good: 1, verdicts: [], accused: [] },
})

progress('where nobody watches, a line for whatever has become of a segment', () => {
  const lines: string[] = []
  const tell = tellDone((line) => lines.push(line))
  tell({ ...standing, done: [done(4, 'a')] })
  tell({ ...standing, shards: [shard(4, 'a', 'verified'), shard(5, 'c', 'refused')] })
  tell({ ...standing, shards: [shard(4, 'a', 'verified'), shard(5, 'c', 'refused')] })
  tell({ ...standing, segments: 2, shards: [shard(4, 'a', 'verified'), shard(0, 'b', 'verified')] })
  assert.equal(lines, [
    'node 1 has done segment 4',
    'node 2 has done segment 0',
    'segment 4 is verified',
    'segment 5 is to be done again: the shard of node 3 is forged',
    'segment 0 is verified',
    'all 2 segments are done and verified',
  ])
})

progress.run()
