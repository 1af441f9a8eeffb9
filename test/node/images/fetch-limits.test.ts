import type { ServerResponse } from 'node:http'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { body, closing, ending, type Handler, hurriedFetcher, playSite } from './play-site.ts'

const test = suite('images: fetch limits')
const LIMIT = 100_000
const BOMB = gzipSync(Buffer.alloc(50_000_000))

const pages: Record<string, Handler> = {
  '/drip': (_, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('x'), 50)
    response.on('close', () => clearInterval(timer))
  },
  '/slow-headers': () => {},
  '/stalled': (_, response) => void response.writeHead(200, { 'content-length': 10 }).write('x'),
  '/endless': (_, response) => endless(response, 200),
  '/404-endless': (_, response) => endless(response, 404),
  '/declared': (_, response) => void response.writeHead(200, { 'content-length': LIMIT + 1 }).write('x'),
  '/declares-less': (request) => {
    request.socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcde${'f'.repeat(LIMIT)}`)
  },
  '/exact': (_, response) => void response.end(Buffer.alloc(LIMIT, 'e')),
  '/bomb': (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB),
  '/gzip': (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'GZIP' }).end(gzipSync('zipped')),
  '/deflate': (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'deflate' }).end(deflateSync('deflated')),
  '/br': (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync('brotli')),
  '/not-gzip': (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain'),
  '/odd-encoding': (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end('x'),
  '/many-headers': (_, response) => void response.writeHead(200, { 'x-long': 'x'.repeat(100_000) }).end('x'),
  '/no-http': (request) => void request.socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
  '/204': (_, response) => void response.writeHead(204).end(),
}

function endless(response: ServerResponse, status: number): void {
  response.writeHead(status)
  const chunk = Buffer.alloc(16_384)
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

test('each limit holds, in time', async () => {
  const site = await playSite((request, response) => pages[request.url ?? '']?.(request, response))
  const open = (limits: { headersMs?: number; totalMs?: number }) =>
    hurriedFetcher({
      limits: { imageBytes: LIMIT, tries: 1, ...limits },
      politeness: { hostConcurrency: 30, failuresToGiveUp: 100, backoffMs: 0 },
    })
  const patient = open({})
  // undici keeps its time-outs to within a second
  const silence = open({ headersMs: 500 })
  const inAll = open({ totalMs: 1_500 })
  const others: Record<string, typeof patient> = {
    ...{ '/drip': inAll, '/slow-headers': silence, '/stalled': silence },
  }
  await closing([patient, silence, inAll, site], async () => {
    const ends: Record<string, string> = {}
    const start = performance.now()
    await Promise.all(
      Object.keys(pages).map(async (path) => {
        const result = await (others[path] ?? patient).fetch(site.url + path)
        ends[path] = result.ok ? `${result.image.bytes.length} ${body(result).slice(0, 8)}` : ending(result)
      }),
    )
    assert.ok(performance.now() - start < 15_000)
    // the parser may meet the surplus before or after the answer is handed over
    assert.match(ends['/declares-less']!, /^5 abcde$|^fetch_connect: HPE/)
    delete ends['/declares-less']
    assert.match(ends['/no-http']!, /^fetch_connect: /)
    delete ends['/no-http']
    assert.equal(ends, {
      '/drip': 'fetch_timeout: not done in time',
      '/slow-headers': 'fetch_timeout: UND_ERR_HEADERS_TIMEOUT',
      '/stalled': 'fetch_timeout: UND_ERR_BODY_TIMEOUT',
      '/endless': `image_bytes: more than ${LIMIT} bytes`,
      '/declared': `image_bytes: ${LIMIT + 1} bytes`,
      '/exact': `${LIMIT} eeeeeeee`,
      '/bomb': `image_bytes: more than ${LIMIT} bytes`,
      '/gzip': '6 zipped',
      '/deflate': '8 deflated',
      '/br': '6 brotli',
      '/not-gzip': 'image_broken: content-encoding: Z_DATA_ERROR',
      '/odd-encoding': 'image_format: content-encoding: gzip, gzip',
      '/many-headers': 'fetch_connect: UND_ERR_HEADERS_OVERFLOW',
      '/404-endless': 'http_status: 404',
      '/204': '0 ',
    })
  })
})

test('the time in all covers redirects and repeated tries', async () => {
  const site = await playSite((request, response) => {
    const left = Number(request.url?.slice(1))
    if (Number.isNaN(left)) return
    setTimeout(() => response.writeHead(302, { location: `/${left - 1}` }).end(), 400)
  })
  const fetcher = hurriedFetcher({ limits: { headersMs: 700, totalMs: 1_000, tries: 9 } })
  await closing([fetcher, site], async () => {
    const start = performance.now()
    assert.match(ending(await fetcher.fetch(`${site.url}/5`)), /^fetch_timeout/)
    assert.match(ending(await fetcher.fetch(`${site.url}/silent`)), /^fetch_timeout/)
    assert.ok(performance.now() - start < 15_000)
    assert.ok(site.asked.length <= 3 + 2, String(site.asked.length))
  })
})

test.run()
