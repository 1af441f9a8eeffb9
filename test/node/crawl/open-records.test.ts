import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crawl, ExtractedRecord, Page, SegmentRecords, SegmentSource } from '../../../node/components.ts'
import { startCrawl } from '../../../node/crawl/crawl.ts'
import { gzipEach, httpResponse, noise, pageRecord, warcinfo, warcRecord } from './make-warc.ts'
import { RULES, readWith, segment } from './read-all.ts'

const test = suite('single records')
const shared = fileURLToPath(new URL('../../../../shared/crawl/', import.meta.url))
const demo = fileURLToPath(new URL('../../../cli/demo/', import.meta.url))
const crawl = startCrawl({ threads: 2, retryMs: 1 })
let folder = ''
/** While somebody reads, threads are not started anew for every reading. */
let reading: SegmentRecords

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-test-'))
  reading = await crawl.openRecords(segment(`${demo}demo.warc.gz`), RULES)
})
test.after(async () => {
  await reading.close()
  await crawl.close()
  await rm(folder, { recursive: true, force: true })
})

/** Pages by the place of their record, in file order, parts of one page put together. */
async function recordsOf(reader: Crawl, source: SegmentSource): Promise<Map<number, Page[]>> {
  const records = new Map<number, Page[]>()
  for (const page of (await readWith(reader, source)).pages) {
    const pages = records.get(page.sourceOffset) ?? []
    const last = pages.at(-1)
    if (last?.url === page.url && last.candidates.at(-1)!.ordinal < page.candidates[0]!.ordinal)
      last.candidates.push(...page.candidates)
    else pages.push(page)
    records.set(page.sourceOffset, pages)
  }
  return records
}

/** Every record with candidates is found by its place, and from drawn bytes the next one. */
async function assertFound(source: SegmentSource, draws = 40): Promise<void> {
  const wanted = await recordsOf(crawl, source)
  const starts = [...wanted.keys()]
  const records = await crawl.openRecords(source, RULES)
  try {
    const check = (found: ExtractedRecord | null, offset: number | undefined, what: string) => {
      if (offset === undefined) return assert.is(found, null, what)
      const pages = wanted.get(offset)!
      const { sourceLength: length } = pages[0]!
      assert.equal(found, { offset, length, isPage: true, pages }, what)
    }
    for (const [offset, [page]] of wanted) {
      check(await records.extractAt({ offset, length: page!.sourceLength }), offset, `at ${offset}`)
      assert.is(await records.extractAt({ offset, length: page!.sourceLength - 1 }), null)
      assert.is(await records.extractAt({ offset: offset + 1, length: page!.sourceLength }), null)
    }
    const bytes = starts.flatMap((start) => [start - 1, start, start + 1]).slice(0, draws)
    for (let i = 0, state = 7; i < draws; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      bytes.push(records.start + Math.floor((state / 2 ** 32) * (records.end - records.start)))
    }
    for (const at of bytes.filter((byte) => byte >= records.start && byte < records.end)) {
      const next = starts.find((start) => start >= at) ?? starts[0]
      check(await records.extractNext(at), next, `next after ${at}`)
    }
  } finally {
    await records.close()
  }
}

test('in each form of file, of a size or another, several to a member', async () => {
  const pages = Array.from({ length: 12 }, (_, i) => pageRecord(`p${i}`, i % 4, noise(i, 30_000)))
  const picture = warcRecord(httpResponse(Buffer.from(noise(3, 300_000))), { 'Content-Type': 'image/jpeg' })
  const records = [warcinfo(), ...pages.slice(0, 6), picture, ...pages.slice(6), pageRecord('large', 1_200)]
  const pairs = [gzipSync(warcinfo())]
  for (let i = 0; i < 12; i += 2) pairs.push(gzipSync(Buffer.concat(pages.slice(i, i + 2))))
  const forms: [string, Buffer][] = [
    ['plain.warc', Buffer.concat(records)],
    ['each.warc.gz', gzipEach(records)],
    ['pairs.warc.gz', Buffer.concat(pairs)],
    ['whole.warc.gz', gzipSync(Buffer.concat(records))],
  ]
  for (const [name, bytes] of forms) {
    const path = join(folder, name)
    await writeFile(path, bytes)
    await assertFound(segment(path))
    for (const index of [0, 1]) await assertFound(segment(path, 'warc', { index, count: 2 }), 10)
  }
})

test('a page without candidates, and what is no page, are told apart', async () => {
  const records = [
    warcinfo(),
    pageRecord('none', 0),
    warcRecord(httpResponse('x'), { 'WARC-Type': 'request' }),
  ]
  const members = records.map((record) => gzipSync(record))
  const path = join(folder, 'none.warc.gz')
  await writeFile(path, Buffer.concat(members))
  const opened = await crawl.openRecords(segment(path), RULES)
  const places = members.map((member, i) => ({
    offset: members.slice(0, i).reduce((sum, { length }) => sum + length, 0),
    length: member.length,
  }))
  const found = await Promise.all(places.map((place) => opened.extractAt(place)))
  assert.equal(
    found.map((record) => record && [record.isPage, record.pages.length]),
    [
      [false, 0],
      [true, 0],
      [false, 0],
    ],
  )
  assert.is(await opened.extractNext(0), null)
  await opened.close()
})

test('the demo', async () => {
  await assertFound(segment(`${demo}demo.warc.gz`), 20)
  await assertFound(segment(`${demo}demo.warc.wat.gz`, 'wat'), 20)
})

if (existsSync(shared)) {
  for (const name of readdirSync(shared).filter((one) => /\.(warc|wat)(\.gz)?$/.test(one)))
    test(`real: ${name}`, () =>
      assertFound(segment(shared + name, /\.wat(\.gz)?$/.test(name) ? 'wat' : 'warc'), 25))
} else {
  console.log('skipped: no real crawls beside the repository')
}

test.run()
