import { hash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exportCar, importCar } from '../../../node/car/car.ts'
import { openHiding } from '../../../node/denied/denied.ts'
import { createRelease, readRelease } from '../../../node/release/release.ts'
import { startSearch } from '../../../node/search/search.ts'
import { subjectHash } from '../../../protocol/rules/remove.ts'
import { HIDES_NOTHING } from '../denied/hides-nothing.ts'
import { clock, makeReleasable, openNode } from '../release/made-campaign.ts'
import { makePair, range } from '../shard/sample.ts'

const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'buffer')
const released = suite('search in what a release has')

released('finds each pair once, where it lies, and follows it as far as it is here', async () => {
  const made = await makeReleasable([range(20).map(makePair), range(20).map((i) => makePair(i + 10))])
  const { campaign, organiser, manifests } = made
  const { id } = await createRelease(
    { ...organiser, clock },
    { campaign, policy: null, removals: null, validDays: 30 },
  )
  const path = join(made.dir, 'release.car')
  await exportCar(organiser.home, id, path)
  const other = await openNode(join(made.dir, 'other'))
  await importCar(other.home, path)
  const search = startSearch(
    { ...other, hiding: openHiding(other.removals, []) },
    { dataDir: other.dir, threads: 1 },
  )
  try {
    const ask = (value: string) =>
      search.search({ kind: 'url', value, campaign: null, limit: 10, model: null })
    // the first shard as it is, the second without the ten rows that the first has
    const [first] = (await ask(makePair(15).url)).hits
    assert.equal([first!.manifest, first!.row, first!.also], [manifests[0]!.toString(), 15, []])
    const { hits, rows, shards } = await ask(makePair(25).url)
    assert.equal([rows, shards], [30, 2])
    assert.equal([hits[0]!.manifest, hits[0]!.row], [manifests[1]!.toString(), 5])
    const { ok, steps } = await search.whois(hits[0]!.uid)
    assert.ok(ok)
    assert.equal(Object.fromEntries(steps.map((step) => [step.name, step.ok])), {
      ...{ pair: true, row: true, manifest: null, producer: true, campaign: true },
      ...{ source: null, state: null, signals: true },
    })
    // given up, it is found no more
    await other.home.store.releases.del(id.bytes)
    assert.equal((await ask(makePair(25).url)).hits, [])
  } finally {
    await search.close()
    await other.close()
    await made.close()
  }
})

released('shows no row that a release has removed, though the shard is here whole', async () => {
  const made = await makeReleasable([range(20).map(makePair)])
  const { campaign, organiser, dir } = made
  const removals = join(dir, 'removals.jsonl')
  await writeFile(
    removals,
    `${JSON.stringify({ kind: 'url', value: makePair(7).url, reason: 'rights', basis: 'a test' })}\n`,
  )
  const { id } = await createRelease(
    { ...organiser, clock },
    { campaign, policy: null, removals, validDays: 30 },
  )
  // as on a node that has fetched shard and release, and knows nothing of removals
  const search = startSearch({ ...organiser, hiding: HIDES_NOTHING }, { dataDir: organiser.dir, threads: 1 })
  try {
    const ask = (value: string) =>
      search.search({ kind: 'url', value, campaign: null, limit: 10, model: null })
    assert.equal((await ask(makePair(7).url)).hits, [])
    assert.is((await ask(makePair(8).url)).hits.length, 1)
    // a release that is not here as it was is told of, and nothing else is lost by it
    const { content } = await readRelease(organiser.home.blocks, id)
    await Array.fromAsync(organiser.home.blocks.deleteMany(content.shards))
    const { hits, skipped } = await ask(makePair(8).url)
    assert.is(hits.length, 1)
    assert.equal(
      skipped.map(({ manifest }) => manifest),
      [id.toString()],
    )
  } finally {
    await search.close()
    await made.close()
  }
})

released('hides what is removed at once, shows it again when that is taken back', async () => {
  const made = await makeReleasable([range(20).map(makePair)])
  const { campaign, organiser } = made
  const { removals } = organiser
  const hiding = openHiding(removals, [])
  const search = startSearch({ ...organiser, hiding }, { dataDir: organiser.dir, threads: 1 })
  const about = { reason: 'rights', basis: 'a test', expires: null } as const
  try {
    const asked = { kind: 'url', value: makePair(7).url, campaign: null, limit: 10, model: null } as const
    const [hit] = (await search.search(asked)).hits
    assert.ok(hit)
    assert.ok((await search.whois(hit.uid)).ok)
    for (const [kind, name] of [
      ...[['pair', hit.uid] as const, ['url', hit.url] as const, ['image', hit.sha256] as const],
      ['origin', new URL(hit.page).hostname] as const,
    ]) {
      const subject = { kind, hash: new Uint8Array(subjectHash(kind, name, sha256)!) }
      await removals.issue(campaign, [{ subject, ...about }])
      assert.equal((await search.search(asked)).hits, [], kind)
      assert.is(await search.whois(hit.uid).catch(({ code }) => code), 'uid_unknown')
      await removals.issue(campaign, [{ subject, ...about, takeBack: true }])
      assert.is((await search.search(asked)).hits.length, 1, kind)
    }
  } finally {
    await search.close()
    await made.close()
  }
})

released.run()
