import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from 'undici'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startImages } from '../../../node/images/images.ts'
import { openWeb } from '../../../node/web/web.ts'
import { gzipEach, noise, pageRecord } from '../crawl/make-warc.ts'
import { readHere, segment } from '../crawl/read-all.ts'
import { body, closing, playSite } from '../images/play-site.ts'

const test = suite('web: bandwidth')
const loopback = { loopback: true }
const userAgent = 'Shoal-test/1'

/** A server of one file, with Range, that counts what it sends from its first request on. */
async function countingServer(content: Buffer) {
  let bytes = 0
  let since = 0
  const server = createServer((incoming, response) => {
    response.on('error', () => {})
    if (/^\/(?:robots\.txt|ai\.txt|\.well-known\/.*)$/.test(incoming.url ?? ''))
      return void response.writeHead(404).end()
    since ||= performance.now()
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(incoming.headers.range ?? '') ?? []
    const start = Number(from ?? 0)
    const part = content.subarray(start, to ? Number(to) + 1 : content.length)
    bytes += part.length
    response
      .writeHead(from === undefined ? 200 : 206, {
        'content-length': part.length,
        'content-range': `bytes ${start}-${start + part.length - 1}/${content.length}`,
      })
      .end(part)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    /** bytes a second until now, when all has arrived: the kernel's buffers hide how far a single answer is */
    rate: () => (bytes * 1000) / (performance.now() - since),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A busy machine may make it less. */
function near(rate: number, limit: number): void {
  const share = rate / limit
  assert.ok(share < 1.15 && share > 0.3, `${Math.round(rate)} bytes/s, the limit is ${limit}`)
}

test('archives keep to the limit, as their server sees it, and are whole', async () => {
  const limit = 3_000_000
  const pages = Array.from({ length: 150 }, (_, i) => pageRecord(`p${i}`, 1, noise(i, 60_000)))
  const file = gzipEach(pages)
  const server = await countingServer(file)
  const web = openWeb({ allow: loopback, bytesPerSecond: limit })
  await closing([web, server], async () => {
    const { candidates } = await readHere(segment(`${server.url}/a.warc.gz`), undefined, undefined, web)
    assert.is(candidates.length, pages.length)
    assert.ok(file.length > 5_000_000, String(file.length))
    near(server.rate(), limit)
  })
})

test('many pictures keep to the limit together', async () => {
  const limit = 1_000_000
  const content = Buffer.alloc(40_000, 'p')
  const server = await countingServer(content)
  const hosts = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`h${i}.example`, server.address]))
  const web = openWeb({ hosts, bytesPerSecond: limit })
  const images = startImages({ threads: 1, userAgent, web, politeness: { hostGapMs: 0, hostConcurrency: 8 } })
  await closing([images, web, server], async () => {
    const all = await Promise.all(
      Array.from({ length: 80 }, (_, i) => images.fetch(`http://h${i % 8}.example/${i}`)),
    )
    assert.ok(all.every((end) => end.ok && end.image.bytes.length === content.length))
    near(server.rate(), limit)
  })
})

test('our own limit fails no picture, however long it takes', async () => {
  const content = Buffer.alloc(100_000, 'p')
  const server = await countingServer(content)
  const hosts = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`h${i}.example`, server.address]))
  const web = openWeb({ hosts, bytesPerSecond: 1_600_000 })
  // the last of them waits for two seconds
  const limits = { headersMs: 1_000, totalMs: 800, tries: 1 }
  const images = startImages({ threads: 1, userAgent, web, limits, politeness: { hostGapMs: 0 } })
  await closing([images, web, server], async () => {
    const start = performance.now()
    const all = await Promise.all(
      Object.keys(hosts).map((host) => images.fetch(`http://${host}/a`, undefined, async () => {})),
    )
    assert.equal(
      all.filter((end) => !end.ok),
      [],
    )
    assert.ok(performance.now() - start > 1_500)
  })
})

test('a server that is slow itself is still given up in time', async () => {
  const site = await playSite((_, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('x'), 50)
    response.on('close', () => clearInterval(timer))
  })
  const web = openWeb({ allow: loopback, bytesPerSecond: 100_000 })
  const limits = { headersMs: 400, totalMs: 600, tries: 1 }
  const images = startImages({ threads: 1, userAgent, web, limits })
  await closing([images, web, site], async () => {
    const start = performance.now()
    assert.match(body(await images.fetch(`${site.url}/drip`)), /fetch_timeout/)
    assert.ok(performance.now() - start < 15_000)
  })
})

test('few requests at once where there is little bandwidth', async () => {
  let running = 0
  let most = 0
  const site = await playSite((_, response) => {
    most = Math.max(most, ++running)
    setTimeout(() => {
      running--
      response.end('x')
    }, 30)
  })
  const hosts = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`h${i}.example`, site.address]))
  const web = openWeb({ hosts, bytesPerSecond: 24 * 1024 })
  const images = startImages({ threads: 1, userAgent, web, politeness: { hostGapMs: 0 } })
  await closing([images, web, site], async () => {
    await Promise.all(Object.keys(hosts).map((host) => images.fetch(`http://${host}/a`)))
    assert.is(most, 3)
  })
})

test('who takes the answer may stop it too, and a request that ends while it is held troubles no other', async () => {
  const content = Buffer.alloc(300_000, 'p')
  const server = await countingServer(content)
  const web = openWeb({ allow: loopback, bytesPerSecond: 1_500_000 })
  await closing([web, server], async () => {
    const held = await request(`${server.url}/a`, { dispatcher: web.dispatcher })
    // nobody reads: the limit's own going on must not make it flow
    await new Promise((resolve) => setTimeout(resolve, 150))
    assert.ok(held.body.readableLength < 200_000, String(held.body.readableLength))
    held.body.on('error', () => {}).destroy()
    for (let i = 0; i < 2; i++) {
      const { body: whole } = await request(`${server.url}/b`, { dispatcher: web.dispatcher })
      assert.is((await whole.bytes()).length, content.length)
    }
  })
})

test('answers of every shape come whole through a limit that is always in debt', async () => {
  const content = Buffer.alloc(60_000, 'p')
  const site = await playSite((incoming, response) => {
    const path = incoming.url ?? ''
    if (path === '/204') response.writeHead(204).end()
    else if (path === '/empty') response.writeHead(200, { 'content-length': 0 }).end()
    else if (path === '/304') response.writeHead(304).end()
    else if (path === '/chunked') response.writeHead(200).end(content)
    else if (path === '/until-closed')
      incoming.socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), content]))
    else if (path === '/cut')
      incoming.socket.end(
        Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 90000\r\n\r\n'), content]),
      )
  })
  const web = openWeb({ allow: loopback, bytesPerSecond: 1_000_000 })
  await closing([web, site], async () => {
    const ask = async (path: string) => {
      try {
        const { body: answer } = await request(site.url + path, { dispatcher: web.dispatcher })
        return String((await answer.bytes()).length)
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    const paths = ['/204', '/empty', '/304', '/chunked', '/until-closed', '/cut']
    const ends = await Promise.all([...paths, ...paths].map(ask))
    assert.equal(ends.slice(0, 5), ['0', '0', '0', '60000', '60000'])
    assert.ok(ends[5] === 'UND_ERR_SOCKET' || ends[5] === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', ends[5])
    assert.equal(ends.slice(6), ends.slice(0, 6))
  })
})

test.run()
