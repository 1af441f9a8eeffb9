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
})
const about = { campaign: 'bafyreicampaign', seconds: 12.3 }
const nodes = [node('aaaa', [0, 2], 1), node('bbbb', [1], 2), node('cccc', [], 3)]

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
  const result = addUpDemo([shard(0, 2), shard(1, 3), shard(2, 0)], nodes, about)
  assert.equal(result.outcomes, { kept: 5, similarity: 15 })
  assert.is(result.pairs, 5)
  assert.is(result.candidates, 20)
  assert.is(result.counts.imgs, 60)
  assert.is(result.verified, true)
})

summary('what a node lacks, and another digest, is not verified', () => {
  const shards = [shard(0, 2), shard(1, 3), shard(2, 0)]
  const verified = (all: DemoResult['nodes']) => addUpDemo(shards, all, about).verified
  assert.is(verified(nodes.with(2, node('cccc', [], 2))), false)
  assert.is(verified(nodes.with(2, node('cccc', [], 3, 'd2'))), false)
  assert.is(addUpDemo([], [], about).verified, false)
  assert.is(addUpDemo([{ ...shard(0, 2), verified: false }], [node('aaaa', [0], 0)], about).verified, false)
})

summary('it says who did what, in 80 columns', () => {
  const lines = show(addUpDemo([shard(0, 2), shard(1, 3), shard(2, 0)], nodes, about))
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
  const text = show(addUpDemo([shard(0, 1)], [node('aaaa', [0], 0), node('bbbb', [], 1, 'd2')], about)).join(
    '\n',
  )
  assert.match(text, /NOT VERIFIED/)
  assert.not.match(text, /same digest/)
})

summary.run()
