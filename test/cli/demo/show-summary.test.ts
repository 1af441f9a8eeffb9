import stringWidth from 'string-width'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addUpDemo, type DemoResult, showSummary } from '../../../cli/demo/show-summary.ts'
import type { Output } from '../../../cli/output.ts'
import { layOut } from '../../../cli/table.ts'
import type { ShardDetails } from '../../../node/components.ts'

const summary = suite('summary of the demo')

const shard = (segment: number, pairs: number): ShardDetails => ({
  ...{
    manifest: `bafyreimanifest${segment}`,
    campaign: 'bafyreicampaign',
    segment,
    pairs,
    candidates: pairs + 5,
  },
  ...{ name: `http://crawl.example/demo-${segment}.warc.gz`, peer: '', bytes: 1, model: '', deviceClass: '' },
  software: 'shoal',
  counts: { records: 5, responses: 4, htmlPages: 3, badRecords: 1, imgs: 20, candidates: pairs + 5 },
  outcomes: { kept: pairs, similarity: 5 },
  files: {
    'pairs.parquet': {
      cid: 'bafk',
      bytes: 1,
      rows: pairs,
      path: `/demo/out/segment-${segment}/pairs.parquet`,
    },
  },
  samples: [{ url: 'https://example.org/a.jpg', text: `text ${segment}`, similarity: 0.4 + segment / 10 }],
  verified: true,
})
const node = (
  name: string,
  segments: number[],
  fetched: number,
  digest = 'd1',
): DemoResult['nodes'][number] => ({
  ...{ peerId: `12D3KooWMvyvKxYcy9mjbFbXcogFSCvENzQ62ogRxHKZaksF${name}`, segments, fetched, digest },
  cheat: null,
})
const judged = (segment: number, state: 'verified' | 'refused' | 'unaudited' = 'verified') => ({
  ...{ campaign: 'bafy', segment, manifest: `bafyreimanifest${segment}`, id: `${segment}`, producer: '' },
  ...{ own: false, state, needed: 1, good: 1, verdicts: [], accused: [] },
})
const audited = { states: [judged(0), judged(1), judged(2)], caught: [] }
const about = { campaign: 'bafyreicampaign', seconds: 12.3 }
const nodes = [node('aaaa', [0, 2], 1), node('bbbb', [1], 2), node('cccc', [], 3)]

const caught: DemoResult['caught'][number] = {
  ...{ segment: 1, manifest: 'bafyreiforged', producer: nodes[2]!.peerId, verifier: nodes[0]!.peerId },
  ...{ repeatedBy: nodes[1]!.peerId, verdict: 'bafyreiverdict', rows: 18, forged: 8, contradictions: 0 },
  example: {
    ...{ frame: 'kept', row: 6, code: 'row_score' },
    said: { url: 'http://a.example/a.jpg', similarity: 0.7712 },
    found: { url: 'http://a.example/a.jpg', similarity: 0.5712 },
  },
}

function show(result: DemoResult): string[] {
  const lines: string[] = []
  const print = (line = '') => lines.push(line)
  const output = {
    json: false,
    print,
    heading: print,
    table: (...parameters: Parameters<typeof layOut>) => layOut(...parameters).forEach(print),
  } as unknown as Output
  showSummary(output, result, '/demo/node-1')
  return lines
}

summary('shards add up', () => {
  const result = addUpDemo([shard(0, 2), shard(1, 3), shard(2, 0)], nodes, audited, about)
  assert.equal(result.outcomes, { kept: 5, similarity: 15 })
  assert.is(result.pairs, 5)
  assert.is(result.candidates, 20)
  assert.is(result.counts.imgs, 60)
  assert.is(result.verified, true)
})

summary('what a node lacks, and another digest, is not verified', () => {
  const shards = [shard(0, 2), shard(1, 3), shard(2, 0)]
  const verified = (all: DemoResult['nodes']) => addUpDemo(shards, all, audited, about).verified
  assert.is(verified(nodes.with(2, node('cccc', [], 2))), false)
  assert.is(verified(nodes.with(2, node('cccc', [], 3, 'd2'))), false)
  assert.is(addUpDemo([], [], audited, about).verified, false)
  assert.is(
    addUpDemo([{ ...shard(0, 2), verified: false }], [node('aaaa', [0], 0)], audited, about).verified,
    false,
  )
})

summary('what is not found good, and a cheat that is not caught, is not verified either', () => {
  const shards = [shard(0, 2), shard(1, 3), shard(2, 0)]
  const states = [judged(0), judged(1, 'unaudited'), judged(2)]
  assert.is(addUpDemo(shards, nodes, { states, caught: [] }, about).verified, false)
  const cheated = nodes.with(2, { ...nodes[2]!, cheat: 'scores' })
  assert.is(addUpDemo(shards, cheated, audited, about).verified, false)
  assert.is(addUpDemo(shards, cheated, { ...audited, caught: [caught] }, about).verified, true)
  const denied = { ...caught, contradictions: 1 }
  assert.is(addUpDemo(shards, cheated, { ...audited, caught: [denied] }, about).verified, false)
})

summary('it says who was caught, by whom and by which row', () => {
  const cheated = nodes.with(2, { ...nodes[2]!, cheat: 'scores' })
  const shards = [shard(0, 2), { ...shard(1, 3), peer: nodes[1]!.peerId }]
  const lines = show(addUpDemo(shards, cheated, { ...audited, caught: [caught] }, about))
  const text = lines.map((line) => line.trim()).join(' ')
  assert.match(text, /node 3 .* none: a cheat/)
  assert.match(text, /node 3 cheats, and is caught How: it says that pairs are more similar than they are\./)
  assert.match(text, /segment 1: node 1 looked at 18 rows .* found 8 forged; node 2 .* agrees\./)
  assert.match(
    text,
    /In row 6 of those kept, of http:\/\/a\.example\/a\.jpg, it says similarity 0\.771, where 0\.571 is right \[row_score\]/,
  )
  assert.match(text, /refused, and node 2 has done the segment again/)
  for (const line of lines) if (!line.includes('--data')) assert.ok(stringWidth(line) <= 80, line)
  assert.match(show(addUpDemo(shards, cheated, audited, about)).join('\n'), /NOT CAUGHT/)
})

summary('it says who did what, in 80 columns', () => {
  const lines = show(addUpDemo([shard(0, 2), shard(1, 3), shard(2, 0)], nodes, audited, about))
  const text = lines.join('\n')
  assert.match(text, /9 pages with 60 images; 20 have a text/)
  assert.match(text, /5 of them kept, in 12 s/)
  assert.match(text, /node 1 +…ZaksFaaaa|node 1 +…aksFaaaa/)
  assert.match(text, /node 1 .* 0, 2 +1 of 1\n.*node 2 .* 1 +2 of 2\n.*node 3 .* none +3 of 3\n/)
  assert.match(text, /0\.600 {2}text 2\n.*\n {2}0\.500 {2}text 1\n/)
  assert.match(text, /all 3 nodes .*same.*\n {2}d1\n/)
  assert.match(text, /\/demo\/out\/segment-0\/pairs\.parquet/)
  assert.match(text, /shoal.* shard show bafyreimanifest0 --data \/demo\/node-1/)
  for (const line of lines) if (!line.includes('--data')) assert.ok(stringWidth(line) <= 80, line)
})

summary('what is not verified is not called so', () => {
  const text = show(
    addUpDemo([shard(0, 1)], [node('aaaa', [0], 0), node('bbbb', [], 1, 'd2')], audited, about),
  ).join('\n')
  assert.match(text, /NOT VERIFIED/)
  assert.not.match(text, /same digest/)
})

summary.run()
