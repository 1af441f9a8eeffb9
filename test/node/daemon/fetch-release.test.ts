import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fetchRelease } from '../../../node/daemon/fetch-release.ts'
import { openPool, type SourcePool } from '../../../node/fetch/fetch.ts'
import { openHome } from '../../../node/home.ts'
import { createRelease, entriesOf, knownReleases } from '../../../node/release/release.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { HIDES_NOTHING } from '../denied/hides-nothing.ts'
import { codeOf, type PlayedSource, playSource } from '../fetch/played-source.ts'
import { clock, makeReleasable } from '../release/made-campaign.ts'
import { makePair, range } from '../shard/sample.ts'

const release = suite('fetching a release')

release('its files come, by trusted signers and while its removals are fresh', async () => {
  const made = await makeReleasable([range(20).map(makePair), range(20).map((i) => makePair(i + 10))])
  const home = await openHome(join(made.dir, 'reader'))
  try {
    const { organiser } = made
    const request = { campaign: made.campaign, policy: null, removals: null, validDays: 30 }
    const created = await createRelease({ ...organiser, clock }, request)
    const cid = created.id
    let source = playSource('one', organiser.home.blocks)
    const provided: string[] = []
    let isStale = true
    const workAt = (now: number, from: PlayedSource) =>
      ({
        ...{ home, clock: () => now, room: async () => 1e9, onBytes() {}, hiding: HIDES_NOTHING },
        removals: {
          async demandFresh(campaign: CID, isVouched: boolean) {
            assert.equal([campaign, isVouched], [made.campaign, true])
            if (isStale) throw new ShoalError('removals_stale', 'nobody could be asked')
          },
        },
        network: { provide: (key: CID) => provided.push(key.toString()) },
        async withPool<T>(_root: CID, _campaign: CID | null, work: (pool: SourcePool) => Promise<T>) {
          const pool = openPool([from], {})
          return work(pool).finally(pool.close)
        },
      }) satisfies Parameters<typeof fetchRelease>[0]
    const out = join(made.dir, 'out')
    const wanted = { cid: cid.toString(), out }
    const late = clock() + 31 * 86_400_000
    assert.is(await codeOf(fetchRelease(workAt(late, source), cid, wanted)), 'removals_stale')
    const entries = await Array.fromAsync(entriesOf(organiser.home.blocks, created.content))
    const lost = entries[1]!.pairs.toString()
    const poor = playSource('poor', organiser.home.blocks, {
      answer: (asked) => (asked.toString() === lost ? Promise.resolve(null) : null),
    })
    assert.is(await codeOf(fetchRelease(workAt(clock(), poor), cid, wanted)), 'block_missing')
    assert.is(await stat(out).catch(() => 'none'), 'none', 'nothing is half-written')
    assert.equal(await Array.fromAsync(knownReleases(home.store)), [])
    source = playSource('one', organiser.home.blocks)
    assert.is(await codeOf(fetchRelease(workAt(clock(), source), cid, wanted)), 'removals_stale')
    assert.ok(source.asked.includes(lost))
    assert.equal(new Set(source.asked).size, source.asked.length, 'nothing twice')
    assert.is(await stat(out).catch(() => 'none'), 'none', 'before others are asked what is removed')
    isStale = false
    const fetched = await fetchRelease(workAt(clock(), source), cid, wanted)
    assert.is(fetched.release.shards, entries.length)
    assert.equal(
      (await readdir(out)).sort(),
      entries.map(({ manifest }, i) => `${i}-${manifest}.parquet`),
    )
    for (const [i, path] of fetched.paths.entries()) assert.is((await stat(path)).size, entries[i]!.bytes)
    assert.is((await Array.fromAsync(knownReleases(home.store))).length, 1)
    assert.ok(provided.every((one) => one === cid.toString()))
  } finally {
    await home.close()
    await made.close()
  }
})

release.run()
