import { hash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Candidate, CandidateOutcome, Gate, Page, Pair } from '../../../node/components.ts'
import { openStore, type Store } from '../../../node/store/store.ts'
import { clearRun, drop, readTasks, type Settled, settle, storeExtracted } from '../../../node/work/queue.ts'
import { readRows } from '../../../node/work/rows.ts'
import { isMasked, type Outcome } from '../../../protocol/outcomes.ts'

const masks = suite('masks')
let dir = ''
let store: Store

masks.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-mask-'))
  store = await openStore(dir)
})
masks.after(async () => {
  await store.close()
  await rm(dir, { recursive: true, force: true })
})

/** Few addresses and texts, so that many candidates share them. */
const URLS = Array.from({ length: 6 }, (_, i) => `http://h${i % 3}.example/${i}.jpg`)
const PAGES = ['http://a.example/', 'http://b.example/', 'http://c.example/']
const addresses = fc.constantFrom(...URLS)
const ENDS: Outcome[] = ['kept', 'kept', 'similarity', 'fetch_dns', 'withheld', 'quarantined']

interface Case {
  pages: { url: string; images: { url: string; text: string; outcome: Outcome | null; end: Outcome }[] }[]
  /** listed before the segment is read, and by the time its rows are written */
  listed: string[]
  later: string[]
  /** host of pages that is listed, before or later */
  host: string | null
  laterHost: string | null
}
const cases: fc.Arbitrary<Case> = fc.record({
  pages: fc.array(
    fc.record({
      url: fc.constantFrom(...PAGES),
      images: fc.array(
        fc.record({
          url: addresses,
          text: fc.constantFrom('a cat', 'a dog'),
          outcome: fc.constantFrom<Outcome | null>(null, null, null, 'text_short', 'optout_page'),
          end: fc.constantFrom(...ENDS),
        }),
        { maxLength: 8 },
      ),
    }),
    { maxLength: 4 },
  ),
  listed: fc.uniqueArray(addresses, { maxLength: 2 }),
  later: fc.uniqueArray(addresses, { maxLength: 2 }),
  host: fc.option(fc.constantFrom(...PAGES), { freq: 2 }),
  laterHost: fc.option(fc.constantFrom(...PAGES), { freq: 2 }),
})

const gateOf = (urls: readonly string[], pages: readonly (string | null)[]): Gate => {
  const hasAddress = (url: string, pageUrl: string) => urls.includes(url) || pages.includes(pageUrl)
  return {
    ...{ hasAddress, namesPairs: () => false, namesPictures: () => false },
    ...{ hasFile: () => false, hasPicture: () => false },
    hasRow: ({ url, pageUrl }) => hasAddress(url, pageUrl),
  }
}

function pageOf({ url, images }: Case['pages'][number], number: number): Page {
  const candidates = images.map(
    ({ url, text, outcome }, ordinal): Candidate => ({
      ...{ ordinal, url, text, outcome },
      ...{ language: null, license: null },
    }),
  )
  const place = { warcPath: 'a.warc', warcOffset: 100 * number, warcLength: 100 }
  return {
    ...{ url, ...place, sourceOffset: 100 * number, sourceLength: 100 },
    ...{ date: 0, signals: [], candidates },
  }
}

function endAs(outcome: Outcome): Settled {
  if (outcome !== 'kept') return drop(outcome)
  return {
    ...{ outcome, detail: null, similarity: 0.5, sha256: 'a'.repeat(64), pdq: null },
    pair: {
      ...{ width: 1, height: 1, md5: 'b'.repeat(32), fetchedAt: 0, signals: [], signalsAt: [] },
      ...{
        nsfw: null,
        watermark: null,
        tags: [],
        faces: null,
        faceBoxes: null,
        embedding: new Uint8Array(4),
      },
    },
  }
}

let runs = 0
async function runCase({ pages, listed, later, host, laterHost }: Case) {
  const run = Buffer.from(hash('sha256', `${runs++}`), 'hex').subarray(0, 16)
  const read = pages.map(pageOf)
  async function* extracted() {
    yield { pages: read, images: [], counts: {} as never }
  }
  const tasks: string[] = []
  try {
    await storeExtracted(store, run, extracted(), gateOf(listed, [host]), () => {})
    for await (const task of readTasks(store, run, run, () => {})) {
      tasks.push(task.candidate.url)
      const { end } = pages[task.page.warcOffset / 100]!.images[task.candidate.ordinal]!
      await settle(store, run, task, endAs(end))
    }
    const outcomes: CandidateOutcome[] = []
    const pairs: Pair[] = []
    const gate = gateOf([...listed, ...later], [host, laterHost])
    for await (const rows of readRows(store, run, gate)) {
      outcomes.push(...rows.outcomes)
      pairs.push(...rows.pairs)
    }
    return { read, tasks, outcomes, pairs }
  } finally {
    await clearRun(store, run)
    await store.seen.clear()
  }
}

masks('leave every row its place, and no masked address anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      const { read, tasks, outcomes, pairs } = await runCase(one)
      const all = read.flatMap((page) => page.candidates.map((candidate) => ({ page, candidate })))
      assert.equal(
        outcomes.map(({ warcOffset, imageOrdinal }) => [warcOffset, imageOrdinal]),
        all.map(({ page, candidate }) => [page.warcOffset, candidate.ordinal]),
      )
      for (const url of one.listed) assert.not.ok(tasks.includes(url), 'a listed address became a task')
      const hidden = [...one.listed, ...one.later]
      for (const row of outcomes)
        if (isMasked(row.outcome)) {
          const { url, pageUrl, detail, similarity, sha256, pdq, imageOffset, imageLength } = row
          assert.equal([url, pageUrl], ['', ''])
          assert.equal([detail, similarity, sha256, pdq, imageOffset, imageLength], Array(6).fill(null))
        } else {
          assert.not.ok(hidden.includes(row.url), 'a listed address')
          assert.not.ok([one.host, one.laterHost].includes(row.pageUrl), 'a page on a listed host')
        }
      const kept = outcomes.filter(({ outcome }) => outcome === 'kept')
      assert.equal(
        pairs.map(({ url, imageOrdinal }) => [url, imageOrdinal]),
        kept.map(({ url, imageOrdinal }) => [url, imageOrdinal]),
      )
      // a duplicate names an address of which the first is there
      const seen = new Set<string>()
      for (const { url, outcome } of outcomes) {
        if (outcome === 'duplicate') assert.ok(seen.has(url), 'a duplicate of what is masked')
        if (!['text_short', 'optout_page', 'duplicate'].includes(outcome)) seen.add(url)
      }
    }),
    { numRuns: 150 },
  )
})

masks('cover every row with an address that was found to be masked', async () => {
  const images = (['text_short', null, null, 'text_short'] as const).map((outcome, i) => ({
    ...{ url: URLS[0]!, text: i === 2 ? 'a dog' : 'a cat', outcome },
    end: i === 1 ? ('quarantined' as const) : ('kept' as const),
  }))
  const { outcomes, pairs } = await runCase({
    ...{ listed: [], later: [], host: null, laterHost: null },
    pages: [{ url: PAGES[0]!, images: [...images, { ...images[0]!, url: URLS[1]! }] }],
  })
  assert.equal(
    outcomes.map(({ outcome, url }) => [outcome, url]),
    [...Array(4).fill(['quarantined', '']), ['text_short', URLS[1]]],
  )
  assert.equal(pairs, [])
  assert.equal(await store.masked.keys().all(), [])
})

masks.run()
