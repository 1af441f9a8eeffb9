import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startSites } from '../../../cli/demo/sites.ts'
import { codesOf, tally } from './count-findings.ts'
import { makeShard } from './made-shard.ts'

const demo = suite('audits of the demo')

demo("every row of the demo's shard matches, whatever its servers answer", async () => {
  const sites = await startSites()
  const location = fileURLToPath(new URL('../../../cli/demo/demo.warc.gz', import.meta.url))
  const part = { index: 0, count: 1 }
  const made = await makeShard({
    source: { kind: 'warc', location, name: 'demo.warc.gz', part },
    hosts: sites.hosts,
    // some never answer
    limits: { headersMs: 3_000, totalMs: 6_000 },
  })
  try {
    const { findings } = await made.recheck()
    assert.equal(codesOf(findings), [])
    const { 'kept match': kept = 0, 'dropped match': dropped = 0 } = tally(findings)
    const { counts } = made.job.shard.manifest
    // a machine that is slow at times may have given up one or the other
    assert.ok(kept > 0.9 * counts.pairs, JSON.stringify(tally(findings)))
    assert.ok(dropped > 0.9 * (counts.candidates - counts.pairs), JSON.stringify(tally(findings)))
    const { outcomes } = await made.rows()
    const seen = outcomes.filter(({ sha256 }) => sha256 !== null).map(({ outcome }) => outcome)
    const ofBytes = ['image_small', 'image_format', 'image_pixels', 'image_broken', 'similarity'] as const
    for (const outcome of ofBytes) assert.ok(seen.includes(outcome), outcome)
    assert.not.ok(seen.includes('http_status'))
    assert.ok(outcomes.every(({ outcome, pdq }) => pdq === null || ['kept', 'similarity'].includes(outcome)))
  } finally {
    await made.close()
    await sites.close()
  }
})

demo.run()
