import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import sharp from 'sharp'
import { Agent, request } from 'undici'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Sites, startSites } from '../../../cli/demo/sites.ts'
import { MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, MAX_REDIRECTS } from '../../../protocol/limits.ts'
import type { Outcome } from '../../../protocol/outcomes.ts'

interface Expected {
  /** addresses of the pictures inside the WARC */
  images: string[]
  pages: { candidates: { url: string; outcome: Outcome }[] }[]
}

const DEMO = new URL('../../../cli/demo/', import.meta.url)
const expected = JSON.parse(readFileSync(new URL('expected.json', DEMO), 'utf8')) as Expected
const all = expected.pages.flatMap(({ candidates }) => candidates)
/** Of what is asked over HTTP here; far above what loopback needs. */
const PATIENCE_MS = 60_000
/** How long a server that never ends is listened to. */
const SILENCE_MS = 700
const LEAST_BYTES = 5_000

const served = suite<{ sites: Sites; agent: Agent }>('demo sites')

served.before(async (context) => {
  context.sites = await startSites()
  context.agent = new Agent({ connections: 16 })
})

served.after(async (context) => {
  await context.agent.destroy()
  await context.sites.close()
})

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  redirects: number
}

/** Ask as a browser would: by the made-up name, with redirects, but no further than the made-up sites. */
async function get(
  context: { sites: Sites; agent: Agent },
  address: string,
  redirects = 0,
): Promise<Answer | string> {
  const url = new URL(address)
  const place = context.sites.hosts[url.hostname]
  if (place === undefined || redirects > 2 * MAX_REDIRECTS) return url.hostname
  const { statusCode, headers, body } = await request(`http://${place}${url.pathname}${url.search}`, {
    headers: { host: url.host },
    dispatcher: context.agent,
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
    await body.dump()
    return get(context, new URL(String(headers.location), url).href, redirects + 1)
  }
  return { status: statusCode, headers, body: Buffer.from(await body.arrayBuffer()), redirects }
}

async function answerTo(context: { sites: Sites; agent: Agent }, url: string): Promise<Answer> {
  const answer = await get(context, url)
  if (typeof answer === 'string') throw new Error(`${url} leads to ${answer}`)
  return answer
}

/** Candidates of an outcome that are asked for over HTTP. */
function live(...outcomes: Outcome[]): { url: string; outcome: Outcome }[] {
  const found = all.filter(({ url, outcome }) => outcomes.includes(outcome) && !expected.images.includes(url))
  assert.ok(found.length > 0)
  return found
}

const refusedByTag = (answer: Answer) =>
  /noai|noindex|noimageindex/i.test(String(answer.headers['x-robots-tag'] ?? '').replace(/googlebot:.*/i, ''))

served('serve pictures that decode where pairs are scored', async (context) => {
  const checks = live('kept', 'similarity').map(async ({ url }) => {
    let answer = await answerTo(context, url)
    if (answer.status === 429 || answer.status === 503) {
      assert.is(answer.headers['retry-after'], '1', url)
      answer = await answerTo(context, url)
    }
    assert.is(answer.status, 200, url)
    assert.ok(answer.redirects <= MAX_REDIRECTS, url)
    assert.not.ok(refusedByTag(answer), url)
    const bytes = answer.headers['content-encoding'] === 'gzip' ? gunzipSync(answer.body) : answer.body
    assert.ok(bytes.length >= LEAST_BYTES, `${url}: ${bytes.length} bytes`)
    const picture = sharp(bytes, { failOn: 'error' })
    const { width, height, format } = await picture.metadata()
    assert.ok(['jpeg', 'png', 'webp'].includes(format), url)
    assert.ok(Math.min(width, height) >= 100, url)
    await picture.raw().toBuffer()
  })
  await Promise.all(checks)
})

served('serve what the outcomes of fetching presume', async (context) => {
  for (const { url } of live('http_status')) assert.ok((await answerTo(context, url)).status >= 400, url)
  for (const { url } of live('optout_image')) {
    const answer = await answerTo(context, url)
    assert.is(answer.status, 200, url)
    assert.ok(refusedByTag(answer), url)
  }
  for (const { url } of live('image_bytes')) {
    const { headers, body } = await answerTo(context, url)
    const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    assert.ok(bytes.length > MAX_IMAGE_BYTES, url)
  }
  for (const { url } of live('fetch_redirects')) {
    const answer = await get(context, url)
    if (typeof answer === 'string') continue
    const nowhere = answer.status >= 300 && answer.status < 400 && answer.headers.location === undefined
    assert.ok(nowhere || answer.redirects > MAX_REDIRECTS, url)
  }
  for (const { url } of live('optout_page', 'optout_robots'))
    assert.is((await answerTo(context, url)).status, 200, url)
})

served('serve what the outcomes of decoding presume', async (context) => {
  for (const { url } of live('image_small'))
    assert.ok((await answerTo(context, url)).body.length < LEAST_BYTES, url)
  for (const { url, outcome } of live('image_format', 'image_pixels', 'image_broken')) {
    const { status, body } = await answerTo(context, url)
    assert.is(status, 200, url)
    assert.ok(body.length >= LEAST_BYTES, `${url}: ${body.length} bytes`)
    const metadata = await sharp(body, { limitInputPixels: false })
      .metadata()
      .catch(() => null)
    if (outcome === 'image_pixels') assert.ok(metadata!.width * metadata!.height > MAX_IMAGE_PIXELS, url)
    else if (outcome === 'image_format')
      assert.not.ok(['jpeg', 'png', 'webp'].includes(metadata?.format ?? ''), url)
    else {
      const decoded = await sharp(body, { failOn: 'error' })
        .raw()
        .toBuffer()
        .catch(() => null)
      assert.is(decoded, null, url)
    }
  }
})

served('lead to addresses that are never asked only where that is expected', async (context) => {
  for (const { url } of live('address_refused')) {
    const end = await get(context, url)
    const odd = new URL(url).port !== '' || new URL(url).username !== ''
    if (!odd) assert.type(end, 'string', url)
  }
  for (const { url } of live('fetch_dns'))
    assert.is(context.sites.hosts[new URL(url).hostname], undefined, url)
  for (const url of expected.images) assert.is(context.sites.hosts[new URL(url).hostname], undefined, url)
  for (const place of Object.values(context.sites.hosts)) assert.match(place, /^127\.0\.0\.1:\d+$/)
})

served('answer for robots.txt as the pictures of the host presume', async (context) => {
  const allowing = new Set(live('kept').map(({ url }) => new URL(url).host))
  for (const host of allowing) {
    const { status, body } = await answerTo(context, `http://${host}/robots.txt`)
    assert.ok(status === 200 || status === 404, host)
    if (status === 404) assert.is(body.length, 0)
  }
  for (const { url } of live('optout_robots')) {
    const host = new URL(url).host
    if (host === 'moved.example') continue
    const { status, body } = await answerTo(context, `http://${host}/robots.txt`)
    assert.ok(status === 503 || /^Disallow: \//m.test(body.toString()), host)
  }
})

served('never end, break off, or are late where that is expected', async (context) => {
  const ends = live('fetch_timeout').map(async ({ url }) => {
    const end = await Promise.race([
      get(context, url).then(
        () => 'ended',
        () => 'failed',
      ),
      sleep(SILENCE_MS, 'open', { ref: false }),
    ])
    assert.is(end, 'open', url)
  })
  await Promise.all(ends)
  const broken = await get(context, 'http://broken-off.example/c.jpg').then(
    () => null,
    (error: Error) => error,
  )
  assert.instance(broken, Error)
  const start = performance.now()
  await answerTo(context, 'http://slow.example/a.jpg')
  assert.ok(performance.now() - start > 900)
})

served('refuse connections, and lack a certificate, where that is expected', async ({ sites }) => {
  const closed = portOf(sites, 'closed.example')
  const [refusal] = (await once(connect(closed, '127.0.0.1'), 'error', wait())) as unknown[] as [
    { code: string },
  ]
  assert.is(refusal.code, 'ECONNREFUSED')
  const socket = connectTls({
    port: portOf(sites, 'secure.example'),
    host: '127.0.0.1',
    servername: 'secure.example',
  })
  const [alert] = (await once(socket, 'error', wait())) as unknown[] as [{ code: string }]
  assert.match(alert.code, /UNRECOGNIZED_NAME/)
})

served('serve the archive in pieces, and ranges of them', async (context) => {
  const get = (url: string, range: string | null) =>
    request(`http://${context.sites.hosts['crawl.example']}${new URL(url).pathname}`, {
      headers: { host: 'crawl.example', ...(range === null ? {} : { range }) },
      dispatcher: context.agent,
      ...wait(),
    })
  const pieces: Buffer[] = []
  for (const url of context.sites.archives) {
    const { statusCode, headers, body } = await get(url, null)
    const piece = Buffer.from(await body.arrayBuffer())
    assert.is(statusCode, 200)
    assert.is(Number(headers['content-length']), piece.length)
    pieces.push(piece)
  }
  assert.ok(Buffer.concat(pieces).equals(readFileSync(new URL('demo.warc.gz', DEMO))))

  const [first, [url]] = [pieces[0]!, context.sites.archives] as [Buffer, [string]]
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 1],
    ['bytes=10-19', 10, 20],
    ['bytes=100-', 100, first.length],
    [`bytes=5-${10 * first.length}`, 5, first.length],
  ] as const) {
    const { statusCode, headers, body } = await get(url, range)
    assert.is(statusCode, 206, range)
    assert.is(headers['content-range'], `bytes ${start}-${end - 1}/${first.length}`)
    assert.ok(Buffer.from(await body.arrayBuffer()).equals(first.subarray(start, end)), range)
  }
  const beyond = await get(url, `bytes=${first.length}-`)
  assert.is(beyond.statusCode, 416)
  assert.is(beyond.headers['content-range'], `bytes */${first.length}`)
  assert.is((await beyond.body.arrayBuffer()).byteLength, 0)
})

served('log what was asked', async () => {
  const sites = await startSites()
  const agent = new Agent()
  try {
    const url = 'http://busy.example/a.jpg'
    assert.equal(sites.requests(), [])
    assert.is((await answerTo({ sites, agent }, url)).status, 429)
    assert.is((await answerTo({ sites, agent }, url)).status, 200)
    await answerTo({ sites, agent }, 'http://busy.example/other?a=b')
    assert.equal(sites.requests(), [
      { host: 'busy.example', path: '/a.jpg', count: 2 },
      { host: 'busy.example', path: '/other?a=b', count: 1 },
    ])
  } finally {
    await agent.destroy()
    await sites.close()
  }
})

served('close with answers still open', async () => {
  const sites = await startSites()
  const agent = new Agent()
  const open = ['http://silent.example/a.jpg', 'http://drip.example/b.jpg'].map((url) =>
    get({ sites, agent }, url).then(
      () => 'ended',
      () => 'failed',
    ),
  )
  await sleep(100)
  const closed = await Promise.race([
    sites.close().then(() => 'closed'),
    sleep(PATIENCE_MS, 'open', { ref: false }),
  ])
  assert.is(closed, 'closed')
  assert.equal(await Promise.all(open), ['failed', 'failed'])
  await agent.destroy()
})

function portOf(sites: Sites, host: string): number {
  return Number(sites.hosts[host]?.split(':')[1])
}

function wait(): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(PATIENCE_MS) }
}

served.run()
