import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exportCar, importCar } from '../../../node/car/car.ts'
import { collect } from '../../../node/pins/pins.ts'
import { checkRelease, createRelease, entriesOf, readRelease } from '../../../node/release/release.ts'
import { clock, makeReleasable, openNode } from '../release/made-campaign.ts'
import { makePair, range } from '../shard/sample.ts'

const releases = suite('CAR files of releases')

releases('come back as a release that holds, without the rows that fell, and stay', async () => {
  const made = await makeReleasable([range(20).map(makePair), range(20).map((i) => makePair(i + 10))])
  try {
    const { campaign, organiser } = made
    const request = { campaign, policy: null, removals: null, validDays: 30 }
    const { id } = await createRelease({ ...organiser, clock }, request)
    const path = join(made.dir, 'release.car')
    await exportCar(organiser.home, id, path)

    const other = await openNode(join(made.dir, 'other'))
    try {
      const imported = await importCar(other.home, path)
      assert.equal(imported.roots, [{ cid: id.toString(), kind: 'release' }])
      const { content } = await readRelease(other.home.blocks, id)
      const [first, second] = await Array.fromAsync(entriesOf(other.home.blocks, content))
      assert.ok(await other.home.blocks.has(first!.pairs))
      assert.is(second!.duplicates, 10)
      const all = await organiser.home.store.shards.get(second!.manifest.bytes)
      assert.ok(all)
      await collect(other.home, { clock: () => clock() + 1e12, graceMs: 0 })
      const { checks } = await checkRelease({ ...other, clock }, id, { signers: [] })
      const states = Object.fromEntries(checks.map(({ what, state }) => [what, state]))
      assert.equal(states, {
        ...{ signature: 'holds', shards: 'holds', blocks: 'holds', rows: 'holds' },
        // no ledger came along, nor what the second was before
        ...{ verdicts: 'unknown', dropped: 'unknown' },
      })
      // it can be handed on
      const again = join(made.dir, 'again.car')
      assert.is((await exportCar(other.home, id, again)).blocks, imported.blocks)
    } finally {
      await other.close()
    }
  } finally {
    await made.close()
  }
})

releases.run()
