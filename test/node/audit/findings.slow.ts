import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TAGS, type TagRules } from '../../../protocol/rules/tags.ts'
import { codesOf, tally } from './count-findings.ts'
import { type MadeShard, makeShard, type Rows } from './made-shard.ts'

const findings = suite('audit of what was found in pictures')

/** By shoal-mini, which can't tell any of it: what matters here is that everybody finds the same. */
const thresholds = Object.fromEntries(TAGS.map((tag) => [tag, null])) as TagRules['thresholds']
Object.assign(thresholds, { watermark: 0.05, screenshot: 0.1, identity_document: 0.2 })

let made: MadeShard
findings.before(async () => {
  made = await makeShard(undefined, 2, { tags: { version: 1, thresholds }, heads: [] })
})
findings.after(() => made.close())

findings('an honest shard: quarantined rows are private, and all others match', async () => {
  const rows = await made.rows()
  const masked = rows.outcomes.filter(({ outcome }) => outcome === 'quarantined')
  assert.ok(masked.length > 0)
  for (const { url, pageUrl, sha256, similarity } of masked)
    assert.equal(
      { url, pageUrl, sha256, similarity },
      { url: '', pageUrl: '', sha256: null, similarity: null },
    )
  const tagged = rows.pairs.filter(({ tags }) => tags.length > 0)
  assert.ok(tagged.length > 0 && tagged.length < rows.pairs.length)
  const { findings } = await made.recheck()
  assert.equal(codesOf(findings), [])
  assert.is(tally(findings)['kept match'], rows.pairs.length)
  assert.ok(codesOf(findings, 'unverifiable').includes('row_private'))
})

findings('tags that were taken away or added are found', async () => {
  const forgeries: ((rows: Rows) => void)[] = [
    (rows) => {
      rows.pairs.find(({ tags }) => tags.includes('screenshot'))!.tags = []
    },
    (rows) => {
      rows.pairs.find(({ tags }) => tags.length === 0)!.tags = ['watermark']
    },
    (rows) => {
      rows.pairs[0]!.nsfw = 0.5
    },
    (rows) => {
      rows.pairs[0]!.faces = 1
    },
  ]
  for (const forge of forgeries) {
    const { findings } = await made.recheck(await made.forge(forge))
    assert.ok(codesOf(findings).includes('row_findings'), forge.toString())
  }
})

findings.run()
