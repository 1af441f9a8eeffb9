import { hash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openFeeds, openHiding, writeFeed } from '../../../node/denied/denied.ts'
import { loadIdentity } from '../../../node/identity.ts'
import { manageFeeds } from '../../../node/manage-feeds.ts'
import { NO_SUBJECTS } from '../../../node/removals/removals.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { packSubjects, subjectHash } from '../../../protocol/rules/remove.ts'
import { clock, makeReleasable } from '../release/made-campaign.ts'
import { makePair, range } from '../shard/sample.ts'

const feeds = suite('feeds of removals')
const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'buffer')
const codeOf = (work: Promise<unknown>) => work.then(() => null).catch(({ code }) => code)
const campaign = cidOf(encode('a campaign'))
const everybody = async () => true

const subjectsOf = (...rows: number[]) =>
  packSubjects({
    ...{ pair: [], origin: [], image: [] },
    url: rows.map((i) => new Uint8Array(subjectHash('url', makePair(i).url, sha256)!)),
  })
const rowOf = (i: number) => ({ ...makePair(i), uid: '', page_url: makePair(i).pageUrl })

let dir = ''
feeds.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-feeds-'))
})
feeds.after(() => rm(dir, { recursive: true }))

feeds('what a custodian has removed is hidden where it is taken in, and in the next process', async () => {
  const made = await makeReleasable([range(20).map(makePair)])
  try {
    const { organiser } = made
    const subject = { kind: 'url', hash: subjectsOf(7).url } as const
    const about = { reason: 'rights', basis: 'a test', expires: null } as const
    await organiser.removals.issue(made.campaign, [{ subject, ...about }])
    const path = join(dir, 'organiser.feed')
    const counts = await manageFeeds(organiser.home, organiser.removals, clock).exportFeed(
      `${made.campaign}`,
      path,
    )
    assert.equal(counts, { pair: 0, url: 1, origin: 0, image: 0 })
    const other = await made.copy()
    const taken = await manageFeeds(other.home, other.removals, clock).importFeed(path, [])
    assert.is(taken.source, organiser.home.signer.peerId)
    for (const kept of [other.home.feeds, await openFeeds(join(other.dir, 'feeds'))]) {
      const nothing = { inForce: async () => ({ subjects: NO_SUBJECTS, root: null }), list: async () => [] }
      const hiding = openHiding({ ...nothing, onChange: () => () => {} }, [kept])
      const isHidden = await hiding.judge(made.campaign)
      assert.equal([isHidden(rowOf(7)), isHidden(rowOf(8))], [true, false])
      assert.is((await hiding.judge(campaign))(rowOf(7)), false, 'of another campaign')
    }
  } finally {
    await made.close()
  }
})

feeds(
  'a stranger is not believed, an earlier feed changes nothing, a later one takes its place',
  async () => {
    const signer = await loadIdentity(join(dir))
    const kept = await openFeeds(join(dir, 'kept'))
    let changes = 0
    kept.onChange(() => changes++)
    const path = join(dir, 'some.feed')
    await writeFeed(path, subjectsOf(1), { campaign, issued: 5 }, signer)
    assert.is(await codeOf(kept.take(path, async () => false)), 'feed_signer')
    assert.equal([await readdir(join(dir, 'kept')), kept.listed(campaign).subjects, changes], [[], [], 0])
    await kept.take(path, everybody)
    const first = kept.listed(campaign)
    assert.is(kept.listed(campaign), first, 'until it changes')
    await writeFeed(path, subjectsOf(2, 3), { campaign, issued: 4 }, signer)
    assert.is(await codeOf(kept.take(path, everybody)), 'feed_older')
    assert.is(kept.listed(campaign), first)
    await writeFeed(path, subjectsOf(2, 3), { campaign, issued: 6 }, signer)
    assert.equal((await kept.take(path, everybody)).counts.url, 2)
    assert.equal([[kept.listed(campaign).subjects].flat().length, kept.list().length, changes], [1, 1, 2])
  },
)

feeds('a file that is not as it was signed is refused, wherever it differs', async () => {
  const signer = await loadIdentity(join(dir))
  const kept = await openFeeds(join(dir, 'none'))
  const path = join(dir, 'whole.feed')
  await writeFeed(path, subjectsOf(...range(20)), { campaign, issued: 5 }, signer)
  const whole = await readFile(path)
  const broken = join(dir, 'broken.feed')
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (at, flip, isCut) => {
        const bytes = Uint8Array.from(isCut ? whole.subarray(0, at) : whole)
        if (!isCut) bytes[at]! ^= flip
        await writeFile(broken, bytes)
        assert.match(await codeOf(kept.take(broken, everybody)), /^(feed|envelope|codec)_/)
      },
    ),
    { numRuns: 40 },
  )
  assert.equal(kept.list(), [])
})

feeds.run()
