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
  nodes: [
    {
      ...{ name: 'node 1', peerId: 'a' },
      work: [
        { campaign: 'bafy', segment: 5, phase: 'claim', stages: [], since: 0 },
        { campaign: 'bafy', segment: 3, phase: 'run', stages: score(20), since: 0 },
      ],
    },
    {
      name: 'node 2',
      peerId: 'b',
      work: [{ campaign: 'bafy', segment: 1, phase: 'run', stages: [], since: 0 }],
    },
    { name: 'node 3', peerId: 'c', work: [] },
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
  assert.is(second, 'node 2  1 done  segment 1: starting')
  assert.is(third, 'node 3  0 done  waiting')
  for (const line of [bar, first, second, third]) assert.ok(stringWidth(line!) <= 80, line)
})

progress('where nobody watches, a line for each segment that is done', () => {
  const lines: string[] = []
  const tell = tellDone((line) => lines.push(line))
  tell({ ...standing, done: [done(4, 'a')] })
  tell(standing)
  tell(standing)
  assert.equal(lines, [
    '1 of 6 segments: node 1 has done segment 4',
    '2 of 6 segments: node 2 has done segment 0',
  ])
})

progress.run()
