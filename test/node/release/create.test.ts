import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createRelease, entriesOf, readRelease } from '../../../node/release/release.ts'
import { makePair, range } from '../shard/sample.ts'
import { clock, makeReleasable } from './made-campaign.ts'

const release = suite('create a release')

release('it has every row once', async () => {
  const made = await makeReleasable([
    range(20).map(makePair),
    range(20).map((i) => makePair(i + 10)),
    range(5).map((i) => makePair(i + 100)),
  ])
  try {
    const request = { campaign: made.campaign, policy: null, removals: null, validDays: 30 }
    const other = await made.copy()
    const created = await createRelease({ ...made.organiser, clock }, request)
    const again = await createRelease({ ...other, clock }, request)
    assert.equal(created.content.counts, { shards: 3, pairs: 35, duplicates: 10, removed: 0 })
    assert.is(created.signed.release.toString(), again.signed.release.toString())
    const { content } = await readRelease(made.organiser.home.blocks, created.id)
    console.log(await Array.fromAsync(entriesOf(made.organiser.home.blocks, content)))
  } finally {
    await made.close()
  }
})

release.run()
