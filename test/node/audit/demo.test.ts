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
  })
  try {
    const { findings } = await made.recheck()
    assert.equal(codesOf(findings), [])
    console.log(tally(findings), made.job.shard.manifest.counts)
  } finally {
    await made.close()
    await sites.close()
  }
})

demo.run()
