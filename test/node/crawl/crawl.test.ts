import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startCrawl } from '../../../node/crawl/crawl.ts'
import { gzipEach, httpResponse, noise, pageRecord, warcinfo, warcRecord } from './make-warc.ts'
import { type All, RULES, readHere, readWith, segment } from './read-all.ts'

const test = suite('crawl')
const shared = fileURLToPath(new URL('../../../../shared/crawl/', import.meta.url))
const crawl = startCrawl({ threads: 2, retryMs: 1 })
let folder = ''

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-test-'))
})
test.after(async () => {
  await crawl.close()
  await rm(folder, { recursive: true, force: true })
})

async function file(name: string, bytes: Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

test('one thread and two give the same, and the main thread stays free', async () => {
  const pages = Array.from({ length: 800 }, (_, i) => pageRecord(`p${i}`, i % 9, noise(i, 9_000)))
  const path = await file(
    'many.warc.gz',
    Buffer.concat([gzipEach(pages), gzipSync(pageRecord('large', 1_700))]),
  )
  const delay = monitorEventLoopDelay({ resolution: 5 })
  const two = await (async () => {
    delay.enable()
    const all = await readWith(crawl, segment(path))
    delay.disable()
    return all
  })()
  assert.ok(delay.percentile(99) < 250e6, `p99 of the event loop is ${delay.percentile(99) / 1e6} ms`)
  const other = startCrawl({ threads: 1 })
  assert.equal(await readWith(other, segment(path)), two)
  await other.close()
  assert.is(two.counts.candidates, pages.reduce((sum, _, i) => sum + (i % 9), 0) + 1_700)
  assert.equal(
    two.pages.filter((page) => page.url.endsWith('large')).map((page) => page.candidates.length),
    [500, 500, 500, 200],
  )
  assert.is(two.candidates.find((candidate) => candidate.outcome === null)?.language, 'en')
})

test('a reading can be given up, and another begun', async () => {
  const path = join(folder, 'many.warc.gz')
  const aborter = new AbortController()
  const reading = crawl.extract(segment(path), RULES, aborter.signal)
  let seen = 0
  try {
    for await (const _ of reading) if (++seen === 2) aborter.abort(new Error('enough'))
    assert.unreachable()
  } catch (error) {
    assert.is((error as Error).message, 'enough')
  }
  for await (const _ of crawl.extract(segment(path), RULES)) break
})

test('responses are read by their places, in each form of file', async () => {
  const picture = Buffer.concat([Buffer.from('\xff\xd8\xff', 'latin1'), Buffer.from(noise(3, 3_000))])
  const headers = { 'Content-Type': 'image/jpeg', 'X-Robots-Tag': 'noai' }
  const records = [warcinfo(), pageRecord('a'), warcRecord(httpResponse(picture, headers)), pageRecord('b')]
  const forms: [string, Buffer][] = [
    ['plain.warc', Buffer.concat(records)],
    ['each.warc.gz', gzipEach(records)],
    ['whole.warc.gz', gzipSync(Buffer.concat(records))],
  ]
  for (const [name, bytes] of forms) {
    const source = segment(await file(name, bytes))
    const { images } = await readWith(crawl, source)
    assert.is(images.length, 1)
    for (let i = 0; i < 2; i++) {
      const response = await crawl.readResponse(source, images[0]!, 10_000)
      assert.is(response.status, 200)
      assert.is(response.url, 'http://site.example/page')
      assert.is(response.date, Date.parse('2024-05-18T01:58:10Z'))
      assert.equal(Buffer.from(response.body), picture)
      assert.equal(response.headers[1], ['x-robots-tag', 'noai'])
    }
    await assertCode(crawl.readResponse(source, images[0]!, 100), 'record_too_large')
    await assertCode(crawl.readResponse(source, { warcOffset: 3, warcLength: 50 }, 100), 'record_missing')
  }
})

test('of several responses in a gzip member the one that is asked for is read', async () => {
  const urls = ['http://site.example/a.jpg', 'http://site.example/b.jpg']
  const bodies = urls.map((_, i) =>
    Buffer.concat([Buffer.from('\xff\xd8\xff', 'latin1'), Buffer.from(noise(i, 900))]),
  )
  const member = bodies.map((body, i) =>
    warcRecord(httpResponse(body, { 'Content-Type': 'image/jpeg' }), { 'WARC-Target-URI': urls[i]! }),
  )
  const path = await file(
    'member.warc.gz',
    Buffer.concat([gzipSync(warcinfo()), gzipSync(Buffer.concat(member))]),
  )
  const { images } = await readWith(crawl, segment(path))
  assert.equal(
    images.map(({ url }) => url),
    urls,
  )
  for (const [i, image] of images.entries())
    assert.equal(Buffer.from((await crawl.readResponse(segment(path), image, 10_000)).body), bodies[i])
  const other = { ...images[0]!, url: 'http://site.example/c.jpg' }
  await assertCode(crawl.readResponse(segment(path), other, 10_000), 'record_missing')
})

async function assertCode(promise: Promise<unknown>, code: string): Promise<void> {
  const found = await promise.then(
    () => 'no error',
    (error) => error.code,
  )
  assert.is(found, code)
}

/** The counts of the table in the folder's README: response records, pages, img, img with src and alt. */
const REAL: Record<
  string,
  [kind: 'warc' | 'wat', responses: number, pages: number, imgs: number, candidates: number]
> = {
  'CC-MAIN-20140820021334-00006-ip-10-180-136-8.ec2.internal.warc': ['warc', 4, 3, 861, 861],
  'CC-MAIN-20140820021334-00006-ip-10-180-136-8.ec2.internal.warc.wat': ['wat', 2, 1, 4, 4],
  'CC-MAIN-2020-34-excerpt.warc.gz': ['warc', 16, 16, 153, 32],
  'CC-MAIN-sample2.warc.wat.gz': ['wat', 1, 1, 27, 0],
  'whirlwind.warc.gz': ['warc', 1, 1, 13, 7],
  'cc.warc.gz': ['warc', 1, 1, 8, 6],
  'vu_sample.warc.gz': ['warc', 4, 4, 11, 11],
  'web-with-images.warc.gz': ['warc', 299, 140, 858, 666],
}

if (existsSync(shared)) {
  for (const [name, [kind, responses, htmlPages, imgs, candidates]] of Object.entries(REAL)) {
    test(`real: ${name}`, async () => {
      const all = await readWith(crawl, segment(shared + name, kind))
      const { counts } = all
      assert.equal(
        [counts.responses, counts.htmlPages, counts.imgs, counts.candidates],
        [responses, htmlPages, imgs, candidates],
      )
      // four records of this one were edited and no longer keep to their lengths
      assert.is(counts.badRecords, name === 'vu_sample.warc.gz' ? 4 : 0)
      assert.is(all.candidates.length, candidates)
      const here = await readHere(segment(shared + name, kind), 30_000)
      assert.equal(withoutLanguage(here), withoutLanguage(all))
    })
  }

  test('real: pictures inside the archive', async () => {
    const source = segment(`${shared}web-with-images.warc.gz`)
    const { images, candidates } = await readWith(crawl, source)
    assert.is(images.length, 55)
    const inside = new Set(images.map((image) => image.url))
    assert.is(new Set(candidates.map((candidate) => candidate.url).filter((url) => inside.has(url))).size, 24)
    const hashes = new Set<string>()
    for (const image of images.slice(0, 5)) {
      const { body, url } = await crawl.readResponse(source, image, 10_000_000)
      assert.is(url, image.url)
      hashes.add(createHash('sha256').update(body).digest('hex'))
    }
    assert.is(hashes.size, 5)
  })

  test('real: a WAT and its WARC give the same candidates', async () => {
    const name = (await readdir(shared)).find((entry) => entry.endsWith('internal.warc'))!
    const warc = await readWith(crawl, segment(shared + name))
    const wat = await readWith(crawl, segment(`${shared}${name}.wat`, 'wat'))
    const page = wat.pages[0]!
    assert.equal(
      warc.pages.find(({ url }) => url === page.url)?.candidates.map(withoutLicense),
      page.candidates.map(withoutLicense),
    )
    assert.equal([page.warcPath, page.warcOffset, page.warcLength], [`${name}.gz`, 2520, 2828])
  })

  test('real: legacy charsets are read right', async () => {
    const { candidates } = await readWith(crawl, segment(`${shared}CC-MAIN-2020-34-excerpt.warc.gz`))
    assert.ok(candidates.some(({ text }) => /[\u4e00-\u9fff]{2}|[а-я]{4}/.test(text)))
    assert.not.ok(candidates.some(({ text }) => text.includes('\ufffd')))
  })
} else {
  console.log('skipped: no real crawls beside the repository')
}

function withoutLanguage(all: All): unknown {
  return {
    ...all,
    pages: 0,
    candidates: all.candidates.map((candidate) => ({ ...candidate, language: null })),
  }
}

/** ia-web-commons of 2014 left out the rel of links. */
function withoutLicense(candidate: object): object {
  return { ...candidate, license: null }
}

test.run()
