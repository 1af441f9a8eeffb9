import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { body, closing, ending, hurriedFetcher, playSite } from './play-site.ts'

const test = suite('images: fetch')
const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8')
const key = fixture('photos.example.key.pem')
const cert = fixture('photos.example.cert.pem')

test('an image comes with its facts, asked for honestly', async () => {
  let headers: Record<string, unknown> = {}
  const site = await playSite((request, response) => {
    headers = request.headers
    response.writeHead(200, { 'content-type': 'image/png' }).end('picture')
  })
  const fetcher = hurriedFetcher({ now: () => 1_700_000_000_000 })
  await closing([fetcher, site], async () => {
    const result = await fetcher.fetch(`${site.url}/a.png#part`)
    assert.ok(result.ok)
    assert.equal(
      { ...result.image, bytes: body(result) },
      {
        bytes: 'picture',
        finalUrl: `${site.url}/a.png`,
        from: 'web',
        status: 200,
        contentType: 'image/png',
        signals: ['robots.txt: 404', 'tdmrep.json: 404', 'ai.txt: 404'],
        signalsAt: [1_700_000_000_000, 1_700_000_000_000, 1_700_000_000_000],
        fetchedAt: 1_700_000_000_000,
      },
    )
    assert.is(headers['user-agent'], 'Shoal/0 (+https://shoal.example/contact)')
    assert.is(headers['accept-encoding'], 'identity')
    assert.is(headers.cookie, undefined)
  })
})

test('a clock that stands still holds up nothing', async () => {
  const site = await playSite((request, response) => {
    response.writeHead(site.asked.length === 1 ? 503 : 200).end(request.url)
  })
  const fetcher = hurriedFetcher({ now: () => 1_000, politeness: { hostGapMs: 10 } })
  await closing([fetcher, site], async () => {
    const ends = await Promise.all(['/a', '/b', '/c'].map((path) => fetcher.fetch(site.url + path)))
    assert.equal(ends.map(body), ['/a', '/b', '/c'])
  })
})

test('redirects are followed, five of them, and name the last address', async () => {
  const site = await playSite((request, response) => {
    const left = Number(request.url?.slice(1))
    if (left === 0) response.end('arrived')
    else
      response
        .writeHead([301, 302, 303, 307, 308][left % 5] ?? 301, { location: `./${left - 1}` })
        .end('moved')
  })
  const fetcher = hurriedFetcher()
  await closing([fetcher, site], async () => {
    const near = await fetcher.fetch(`${site.url}/5`)
    assert.is(body(near), 'arrived')
    assert.is(near.ok && near.image.finalUrl, `${site.url}/0`)
    assert.is(site.asked.length, 6)
    assert.is(ending(await fetcher.fetch(`${site.url}/6`)), 'fetch_redirects: more than 5')
    assert.is(site.asked.length, 12)
  })
})

test('redirects in a circle, to nowhere and to closed places end there', async () => {
  const closed = await playSite((_, response) => response.end('secret'))
  const places: Record<string, string | undefined> = {
    '/circle': '/circle2',
    '/circle2': '/circle',
    '/none': undefined,
    '/odd': 'http://[',
    '/file': 'file:///etc/passwd',
    '/data': 'data:image/png;base64,AAAA',
    '/private': 'http://10.0.0.1/',
    '/loopback': closed.url,
    '/decimal': `http://2130706433:${closed.port}/`,
    '/mapped': `http://[::ffff:127.0.0.1]:${closed.port}/`,
    '/metadata': 'http://169.254.169.254/latest/meta-data/',
    '/port': 'http://photos.example:22/',
    '/me': 'http://me:pw@photos.example/',
  }
  const site = await playSite((request, response) => {
    const location = places[request.url ?? '']
    response.writeHead(302, location === undefined ? {} : { location }).end()
  })
  const fetcher = hurriedFetcher({
    web: { allow: { loopback: false }, hosts: { 'photos.example': site.address } },
  })
  await closing([fetcher, site, closed], async () => {
    const ends: Record<string, string> = {}
    for (const path of Object.keys(places))
      ends[path] = ending(await fetcher.fetch(`http://photos.example${path}`))
    assert.equal(ends, {
      '/circle': 'fetch_redirects: in a circle',
      '/circle2': 'fetch_redirects: in a circle',
      '/none': 'fetch_redirects: 302 that leads nowhere',
      '/odd': 'fetch_redirects: 302 that leads nowhere',
      '/file': 'address_refused: scheme file',
      '/data': 'address_refused: scheme data',
      '/private': 'address_refused: 10.0.0.1',
      '/loopback': 'address_refused: 127.0.0.1',
      '/decimal': 'address_refused: 127.0.0.1',
      '/mapped': 'address_refused: ::ffff:7f00:1',
      '/metadata': 'address_refused: 169.254.169.254',
      '/port': 'address_refused: port 22',
      '/me': 'address_refused: credentials',
    })
    assert.is(closed.connections(), 0)
  })
})

test('statuses: what may pass is tried again, what does not change is not', async () => {
  const tries = new Map<string, number>()
  const site = await playSite((request, response) => {
    const path = request.url ?? ''
    const count = (tries.get(path) ?? 0) + 1
    tries.set(path, count)
    if (path === '/503-200' && count === 2) response.end('recovered')
    else if (path === '/reset-200' && count === 1) request.socket.resetAndDestroy()
    else if (path === '/half-200' && count === 1) {
      response.writeHead(200, { 'content-length': 100 }).write('half')
      setTimeout(() => request.socket.destroy(), 20)
    } else if (path.endsWith('-200')) response.writeHead(path.startsWith('/503') ? 503 : 200).end('recovered')
    else response.writeHead(Number(path.slice(1))).end()
  })
  const fetcher = hurriedFetcher({ politeness: { failuresToGiveUp: 100 } })
  await closing([fetcher, site], async () => {
    assert.is(body(await fetcher.fetch(`${site.url}/503-200`)), 'recovered')
    assert.is(body(await fetcher.fetch(`${site.url}/reset-200`)), 'recovered')
    assert.is(body(await fetcher.fetch(`${site.url}/half-200`)), 'recovered')
    for (const status of [400, 401, 403, 404, 410, 300, 304, 429, 500, 502, 503]) {
      assert.is(ending(await fetcher.fetch(`${site.url}/${status}`)), `http_status: ${status}`)
      assert.is(tries.get(`/${status}`), status === 429 || status >= 500 ? 3 : 1, String(status))
    }
  })
})

test('connections that fail say how', async () => {
  const site = await playSite((request) => request.socket.resetAndDestroy())
  const dead = await playSite(() => {})
  await dead.close()
  const fetcher = hurriedFetcher()
  await closing([fetcher, site], async () => {
    assert.match(ending(await fetcher.fetch(`${site.url}/a`)), /^fetch_connect: (ECONNRESET|UND_ERR_SOCKET)/)
    assert.is(site.asked.length, 3)
    assert.is(ending(await fetcher.fetch(`${dead.url}/a`)), 'fetch_connect: ECONNREFUSED')
    assert.is(ending(await fetcher.fetch('http://gone.example/a')), 'fetch_dns: ENODATA')
  })
})

test('https: certificates are verified against the name asked for', async () => {
  const site = await playSite((_, response) => response.end('secure'), { key, cert })
  const plain = await playSite((_, response) => response.end('plain'))
  const hosts = {
    'photos.example': site.address,
    'other.example': site.address,
    'plain.example': plain.address,
  }
  const strict = hurriedFetcher({ web: { hosts } })
  const trusting = hurriedFetcher({ web: { hosts, ca: cert } })
  await closing([strict, trusting, site, plain], async () => {
    assert.is(
      ending(await strict.fetch('https://photos.example/a')),
      'fetch_tls: DEPTH_ZERO_SELF_SIGNED_CERT',
    )
    assert.is(site.asked.length + site.robotsAsked.length, 0)
    assert.is(body(await trusting.fetch('https://photos.example/a')), 'secure')
    assert.is(
      ending(await trusting.fetch('https://other.example/a')),
      'fetch_tls: ERR_TLS_CERT_ALTNAME_INVALID',
    )
    assert.match(ending(await trusting.fetch('https://plain.example/a')), /^fetch_tls: /)
  })
})

test('X-Robots-Tag: refused images are not read, on redirects neither, and signals are recorded', async () => {
  const site = await playSite((request, response) => {
    const [, header, place] = /^\/([^/]*)(?:\/(.*))?$/.exec(request.url ?? '') ?? []
    const tags = decodeURIComponent(header ?? '').split('|')
    response.setHeader('x-robots-tag', tags)
    if (place === 'moved') response.writeHead(302, { location: '/' }).end()
    else response.writeHead(place === 'gone' ? 404 : 200).end('picture')
  })
  const fetcher = hurriedFetcher()
  await closing([fetcher, site], async () => {
    const ask = (tags: string, place = '') => fetcher.fetch(`${site.url}/${encodeURIComponent(tags)}${place}`)
    for (const tags of [
      'noai',
      'NoAI',
      'noai, max-snippet: 5',
      'max-image-preview:large, noai',
      'all|noimageai',
      'none',
    ]) {
      assert.match(ending(await ask(tags)), /^optout_image: x-robots-tag: (noai|noimageai|none)/, tags)
    }
    for (const tags of ['otherbot: noai, noimageai', 'max-image-preview: none', 'nofollow', '']) {
      assert.is(ending(await ask(tags)), 'ok', tags)
    }
    const other = await ask('otherbot: noai')
    assert.equal(other.ok && other.image.signals.slice(3), ['x-robots-tag: otherbot: noai'])
    const own = await ask('noindex')
    assert.equal(!own.ok && own.signals.slice(3), ['x-robots-tag: noindex'])
    assert.is(ending(await ask('noai', '/gone')), 'http_status: 404')
    assert.is(ending(await ask('noai', '/moved')), 'optout_image: x-robots-tag: noai')
  })
})

test('the caller may give up: while waiting for an answer, for a turn, for robots.txt', async () => {
  const silent = () => {}
  const site = await playSite(silent)
  const shy = await playSite(silent, { robots: silent })
  const fetcher = hurriedFetcher({
    politeness: { hostConcurrency: 1 },
  })
  await closing([fetcher, site, shy], async () => {
    const start = performance.now()
    const signal = AbortSignal.timeout(300)
    const asked = [`${site.url}/first`, `${site.url}/second`, `${shy.url}/a`].map((url) =>
      fetcher.fetch(url, signal).then(
        () => 'ended',
        (error: Error) => error.name,
      ),
    )
    assert.equal(await Promise.all(asked), ['TimeoutError', 'TimeoutError', 'TimeoutError'])
    assert.ok(performance.now() - start < 15_000)
    assert.is(site.asked.length, 1)
    const aborted = await fetcher
      .fetch(`${site.url}/x`, AbortSignal.abort(new Error('early')))
      .catch((e) => e.message)
    assert.is(aborted, 'early')
  })
})

test('closing ends what runs and waits', async () => {
  const site = await playSite(() => {})
  const fetcher = hurriedFetcher()
  await closing([site], async () => {
    const ends = ['/a', '/b', '/c', '/d'].map((path) =>
      fetcher.fetch(site.url + path).catch((error) => error.name),
    )
    while (site.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await fetcher.close()
    assert.equal(await Promise.all(ends), ['AbortError', 'AbortError', 'AbortError', 'AbortError'])
    assert.is(await fetcher.fetch(`${site.url}/e`).catch((error) => error.name), 'AbortError')
  })
})

test.run()
