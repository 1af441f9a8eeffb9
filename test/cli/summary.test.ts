import stringWidth from 'string-width'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Output } from '../../cli/output.ts'
import { addUp, showResult } from '../../cli/summary.ts'
import { layOut } from '../../cli/table.ts'
import type { CrawlResult } from '../../node/components.ts'

const summary = suite('summary of a crawl')

const result: CrawlResult = {
  file: '/data/CC-MAIN-20140820021334-00006-ip-10-180-136-8.ec2.internal.warc.gz',
  campaign: 'bafyreicampaign',
  manifest: 'bafyreimanifest',
  counts: { bytes: 10, records: 5, responses: 4, htmlPages: 3, badRecords: 1, imgs: 20, candidates: 12 },
  candidates: 12,
  outcomes: { kept: 2, similarity: 7, optout_robots: 3 },
  pairs: 2,
  files: { 'pairs.parquet': { cid: 'bafybeipairs', bytes: 1234, rows: 2, path: '/data/out/pairs.parquet' } },
  samples: [
    { url: `https://example.org/${'long/'.repeat(40)}a.jpg`, text: '写真'.repeat(80), similarity: 0.34567 },
  ],
  seconds: 3,
  verified: true,
}

function show(each: CrawlResult): string[] {
  const lines: string[] = []
  const print = (line = '') => lines.push(line)
  const output = {
    json: false,
    print,
    heading: print,
    table: (...parameters: Parameters<typeof layOut>) => layOut(...parameters).forEach(print),
  } as unknown as Output
  showResult(output, each, 5)
  return lines
}

summary('it says what became of the candidates, in the order of the pipeline', () => {
  const text = show(result).join('\n')
  assert.match(text, /3 pages with 20 images; 12 have a text/)
  assert.match(text, /2 of them kept/)
  assert.match(text, /1 malformed or truncated records/)
  assert.match(
    text,
    /optout_robots +3 +robots\.txt forbids[\s\S]*similarity +7 +image and text[\s\S]*kept +2 /,
  )
  assert.match(text, /0\.346 {2}写真/)
  assert.match(text, /read back and verified\n {2}bafyreimanifest/)
  assert.match(text, /\/data\/out\/pairs\.parquet/)
})

summary('lines of prose fit 80 columns', () => {
  for (const line of show(result)) assert.ok(stringWidth(line) <= 80, line)
})

summary('what was not verified is not called so', () => {
  const text = show({ ...result, verified: false }).join('\n')
  assert.match(text, /NOT VERIFIED/)
  assert.not.match(text, /read back and verified/)
})

summary('one segment: its manifest and files stand in the total', () => {
  const total = addUp([result])
  assert.is(total.manifest, 'bafyreimanifest')
  assert.equal(total.files, result.files)
  assert.is(total.verified, true)
  assert.equal(total.outcomes, result.outcomes)
})

summary('several segments add up, and one bad one spoils the whole', () => {
  const other = { ...result, outcomes: { kept: 1, text_short: 11 }, pairs: 1, verified: false }
  const total = addUp([result, other])
  assert.equal(total.outcomes, { kept: 3, similarity: 7, optout_robots: 3, text_short: 11 })
  assert.is(total.candidates, 24)
  assert.is(total.counts.imgs, 40)
  assert.is(total.pairs, 3)
  assert.is(total.manifest, null)
  assert.is(total.verified, false)
})

summary('nothing done is nothing verified', () => {
  assert.is(addUp([]).verified, false)
})

summary.run()
