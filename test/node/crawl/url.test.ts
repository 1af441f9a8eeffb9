import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startCrawl } from '../../../node/crawl/crawl.ts'
import { openWeb } from '../../../node/web/web.ts'
import { gzipEach, httpResponse, noise, pageRecord, warcRecord } from './make-warc.ts'
import { RULES, readHere, segment, web } from './read-all.ts'

const test = suite('segments from servers')
const PAGES = Array.from({ length: 300 }, (_, i) => pageRecord(`p${i}`, 1, noise(i, 6_000)))
const FILE = gzipEach(PAGES)
const NAMES = PAGES.map((_, i) => `picture 0 of page p${i}`)

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void
const servers: Server[] = []
test.after(() => {
  for (const server of servers) server.close().closeAllConnections()
  return web.close()
})

async function serve(answer: Answer): Promise<{ url: string; requests: () => number }> {
  let count = 0
  const server = createServer((request, response) => answer(request, response, count++))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.warc.gz`,
    requests: () => count,
  }
}

/** As a well-behaved server answers, up to `cut` bytes of a body, when the connection breaks. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  cut = Number.POSITIVE_INFINITY,
  etag = '"1"',
): void {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const start = Number(from ?? 0)
  const body = FILE.subarray(start, to ? Number(to) + 1 : FILE.length)
  response.writeHead(from === undefined ? 200 : 206, {
    'Content-Length': body.length,
    'Content-Range': `bytes ${start}-${start + body.length - 1}/${FILE.length}`,
    ETag: etag,
  })
  if (body.length <= cut) response.end(body)
  else response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 5))
}

async function texts(url: string, part?: { index: number; count: number }): Promise<string[]> {
  return (await readHere(segment(url, 'warc', part), 100_000)).candidates.map((candidate) => candidate.text)
}

async function failure(url: string): Promise<{ code: string; message: string }> {
  return readHere(segment(url)).then(
    () => ({ code: 'none', message: '' }),
    (error) => error,
  )
}

test('a whole file', async () => {
  const { url } = await serve((request, response) => send(request, response))
  const all = await readHere(segment(url))
  assert.equal(
    all.candidates.map((candidate) => candidate.text),
    NAMES,
  )
  assert.is(all.counts.bytes, FILE.length)
})

test('parts', async () => {
  const { url } = await serve((request, response) => send(request, response))
  const parts = await Promise.all([0, 1, 2].map((index) => texts(url, { index, count: 3 })))
  assert.ok(parts.every((part) => part.length > 50))
  assert.equal(parts.flat(), NAMES)
})

test('goes on where connections broke', async () => {
  const { url, requests } = await serve((request, response) => send(request, response, 200_000))
  assert.equal(await texts(url), NAMES)
  assert.ok(requests() > 4)
})

test('waits for servers that are busy', async () => {
  const { url } = await serve((request, response, count) => {
    if (count % 2 === 0) response.writeHead(503).end('later')
    else send(request, response)
  })
  assert.equal(await texts(url), NAMES)
})

test('reads over what came before where the server does not know Range', async () => {
  const { url } = await serve((_, response, count) => {
    response.writeHead(200, { 'Content-Length': FILE.length })
    if (count === 1) response.write(FILE.subarray(0, 300_000), () => setTimeout(() => response.destroy(), 5))
    else response.end(FILE)
  })
  assert.equal(await texts(url), NAMES)
  assert.ok((await texts(url, { index: 1, count: 2 })).length > 50)
})

test('reads files whose size the server does not tell, but not their parts', async () => {
  const { url } = await serve((_, response) =>
    response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end(FILE),
  )
  assert.equal(await texts(url), NAMES)
  const error = await readHere(segment(url, 'warc', { index: 0, count: 2 })).catch((reason) => reason)
  assert.is(error.code, 'source_size_unknown')
})

test('follows redirects', async () => {
  const { url } = await serve((request, response) => {
    if (request.url === '/moved') send(request, response)
    else response.writeHead(302, { Location: '/moved' }).end()
  })
  assert.equal(await texts(url), NAMES)
  const loop = await serve((_, response) => response.writeHead(302, { Location: '/' }).end())
  assert.is((await failure(loop.url)).code, 'source_refused')
})

test('what is no use to try again, and what has been tried enough', async () => {
  const missing = await serve((_, response) => response.writeHead(404).end())
  const error = await failure(missing.url)
  assert.is(error.code, 'source_refused')
  assert.ok(error.message.includes(missing.url) && error.message.includes('404'))
  assert.is(missing.requests(), 1)
  const broken = await serve((_, response) => response.destroy())
  assert.is((await failure(broken.url)).code, 'source_unreachable')
  assert.is(broken.requests(), 8)
  const changed = await serve((request, response, count) => send(request, response, 200_000, `"${count}"`))
  assert.is((await failure(changed.url)).code, 'source_changed')
  const shifted = await serve((_, response) =>
    response.writeHead(206, { 'Content-Range': `bytes 5-9/${FILE.length}` }).end('five!'),
  )
  assert.is((await failure(shifted.url)).code, 'source_refused')
})

test("a campaign's archive is read where names lead, and nothing of this machine's network is", async () => {
  const asked: (string | undefined)[] = []
  const inner = await serve((request, response) => send(request, response))
  const { url } = await serve((request, response) => {
    asked.push(request.headers['user-agent'])
    if (request.url === '/moved') response.writeHead(302, { Location: inner.url }).end()
    else if (request.url === '/there') response.writeHead(302, { Location: '/a.warc.gz' }).end()
    else send(request, response, 200_000)
  })
  const guarded = openWeb({
    hosts: { 'archive.example': new URL(url).host },
    lookup: async () => ['10.0.0.1'],
  })
  const read = (address: string) => readHere(segment(address), 100_000, 3, guarded)
  const code = (address: string) =>
    read(address).then(
      () => 'read',
      (error) => `${error.code} ${error.message}`,
    )
  for (const path of ['a.warc.gz', 'there']) {
    const { candidates } = await read(`http://archive.example/${path}`)
    assert.equal(
      candidates.map(({ text }) => text),
      NAMES,
    )
  }
  assert.ok(asked.length > 8 && asked.every((name) => name === 'Shoal-test/1'))
  const start = performance.now()
  assert.match(await code('http://archive.example/moved'), /^source_refused .*: 127\.0\.0\.1\./)
  assert.match(await code(inner.url), /^source_refused .*: 127\.0\.0\.1\./)
  assert.match(await code('http://private.example/a.warc'), /^source_refused .*: 10\.0\.0\.1\./)
  assert.match(await code('http://archive.example:8080/a.warc'), /^source_refused .*: port 8080\./)
  // refused for good, not tried again and again
  assert.ok(performance.now() - start < 5_000)
  assert.is(inner.requests(), 0)
  await guarded.close()
})

test('without a way out only files are read', async () => {
  const crawl = startCrawl({ threads: 1 })
  const reading = crawl.extract(segment('http://archive.example/a.warc'), RULES)[Symbol.asyncIterator]()
  assert.is((await reading.next().catch((error) => error)).code, 'source_refused')
  await crawl.close()
})

test('one record', async () => {
  const record = gzipEach([warcRecord(httpResponse('GIF89a', { 'Content-Type': 'image/gif' }))])
  const bytes = Buffer.concat([gzipEach([pageRecord('a')]), record])
  const { url } = await serve((request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const body = bytes.subarray(Number(from), Number(to) + 1)
    response.writeHead(206, { 'Content-Range': `bytes ${from}-${to}/${bytes.length}` }).end(body)
  })
  const crawl = startCrawl({ threads: 1, web })
  const place = { warcOffset: bytes.length - record.length, warcLength: record.length }
  const { body } = await crawl.readResponse(segment(url), place, 100)
  assert.is(Buffer.from(body).toString(), 'GIF89a')
  await crawl.close()
})

test('giving up ends the wait', async () => {
  const { url } = await serve((_, response) => response.writeHead(503, { 'Retry-After': '60' }).end())
  const crawl = startCrawl({ threads: 1, web })
  const reading = crawl.extract(segment(url), RULES, AbortSignal.timeout(50))
  const error = await reading[Symbol.asyncIterator]()
    .next()
    .catch((reason) => reason)
  assert.is(error.name, 'TimeoutError')
  await crawl.close()
})

test('single records cost little more than themselves', async () => {
  let bytes = 0
  const { url } = await serve((request, response) => {
    const [, from = 0, to = FILE.length] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    bytes += Number(to) + 1 - Number(from)
    send(request, response)
  })
  const { pages } = await readHere(segment(url), 100_000)
  const crawl = startCrawl({ threads: 1, web })
  const records = await crawl.openRecords(segment(url), RULES)
  bytes = 0
  const looked = pages.filter((_, i) => i % 30 === 0)
  for (const { sourceOffset: offset, sourceLength: length } of looked)
    assert.is((await records.extractAt({ offset, length }))?.pages.length, 1)
  const stored = looked.reduce((sum, { sourceLength }) => sum + sourceLength, 0)
  assert.ok(bytes < stored + 5_000 * looked.length, `${bytes} bytes for ${stored}`)
  bytes = 0
  assert.is((await records.extractNext(pages[7]!.sourceOffset + 1))?.offset, pages[8]!.sourceOffset)
  assert.ok(bytes < 75_000, `${bytes} bytes`)
  await records.close()
  await crawl.close()
})

test.run()
