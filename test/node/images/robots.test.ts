import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closing, ending, type Handler, hurriedFetcher, playSite } from './play-site.ts'

const test = suite('images: robots')
const picture: Handler = (_, response) => void response.end('picture')
const says =
  (text: string | Buffer, status = 200): Handler =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': 'text/plain' }).end(text)

test('robots.txt is asked once for fifty pictures, and forbidden ones are never asked for', async () => {
  const site = await playSite(picture, { robots: says('User-agent: GPTBot\nDisallow: /private/\n') })
  const fetcher = hurriedFetcher()
  await closing([fetcher, site], async () => {
    const paths = Array.from({ length: 50 }, (_, i) => (i % 5 === 0 ? `/private/${i}` : `/${i}`))
    const ends = await Promise.all(paths.map((path) => fetcher.fetch(site.url + path)))
    assert.is(site.robotsAsked.length, 1)
    assert.is(ends.filter(({ ok }) => ok).length, 40)
    assert.ok(site.asked.every(({ path }) => !path.startsWith('/private/')))
    assert.equal(ends[0], {
      ok: false,
      outcome: 'optout_robots',
      detail: 'robots.txt: GPTBot',
      signals: ['robots.txt: disallow GPTBot'],
    })
  })
})

test('statuses of robots.txt: 4xx permits, 5xx and silence forbid', async () => {
  const ends: Record<string, string> = {}
  const robots: Record<string, Handler> = {
    404: says('User-agent: *\nDisallow: /', 404),
    403: says('', 403),
    204: says('', 204),
    503: says('', 503),
    500: says('User-agent: *\nAllow: /', 500),
    429: says('', 429),
    304: says('', 304),
    silent: () => {},
    reset: (request) => void request.socket.resetAndDestroy(),
    empty: says(''),
    html: says('<html><title>Not found: 404</title>'),
    bom: says('\ufeffUser-agent: *\nDisallow: /'),
    refusing: says('User-agent: *\nDisallow: /'),
  }
  for (const [name, handler] of Object.entries(robots)) {
    const site = await playSite(picture, { robots: handler })
    const fetcher = hurriedFetcher({ limits: name === 'silent' ? { totalMs: 500 } : {} })
    await closing([fetcher, site], async () => {
      ends[name] = ending(await fetcher.fetch(`${site.url}/a`))
      if (ends[name] !== 'ok') assert.is(site.asked.length, 0, name)
    })
  }
  assert.match(ends.reset!, /^optout_robots: robots.txt unreachable: fetch_connect/)
  delete ends.reset
  assert.equal(ends, {
    404: 'ok',
    403: 'ok',
    204: 'ok',
    503: 'optout_robots: robots.txt unreachable: 503',
    500: 'optout_robots: robots.txt unreachable: 500',
    429: 'optout_robots: robots.txt unreachable: 429',
    304: 'optout_robots: robots.txt unreachable: 304',
    silent: 'optout_robots: robots.txt unreachable: fetch_timeout',
    empty: 'ok',
    html: 'ok',
    bom: 'optout_robots: robots.txt: *',
    refusing: 'optout_robots: robots.txt: *',
  })
})

test('redirects of robots.txt: five, across hosts, under the guard; the rules bind the first host', async () => {
  const far = await playSite(says('User-agent: *\nDisallow: /secret\n'), { robots: says('', 500) })
  const chain =
    (left: number, end: string): Handler =>
    (request, response) => {
      const at = Number(new URL(request.url ?? '', 'http://x').searchParams.get('n') ?? left)
      response.writeHead(302, { location: at <= 1 ? end : `/robots.txt?n=${at - 1}` }).end()
    }
  const ask = async (robots: Handler, path: string) => {
    const site = await playSite((request, response) => robotsLater(robots, request, response), { robots })
    const fetcher = hurriedFetcher({
      web: {
        allow: { loopback: false },
        hosts: { 'photos.example': site.address, 'far.example': far.address },
      },
    })
    return closing([fetcher, site], async () => ending(await fetcher.fetch(`http://photos.example${path}`)))
  }
  // `/robots.txt?n=…` is not `/robots.txt` to the site: the rest of the chain is played by its ordinary pages
  const robotsLater = (robots: Handler, request: Parameters<Handler>[0], response: Parameters<Handler>[1]) =>
    request.url?.startsWith('/robots.txt') ? robots(request, response) : picture(request, response)
  await closing([far], async () => {
    const end = 'http://far.example/rules'
    assert.is(await ask(chain(5, end), '/a'), 'ok')
    assert.is(await ask(chain(5, end), '/secret/a'), 'optout_robots: robots.txt: *')
    assert.is(await ask(chain(6, end), '/a'), 'optout_robots: robots.txt unreachable: fetch_redirects')
    for (const closed of [
      far.url,
      'http://10.0.0.1/robots.txt',
      'file:///etc/passwd',
      'http://gone.example/',
    ]) {
      assert.match(
        await ask(chain(1, closed), '/a'),
        /^optout_robots: robots.txt unreachable: (address_refused|fetch_dns)/,
      )
    }
  })
})

test("a redirected picture needs the leave of the target's robots.txt too", async () => {
  const cdn = await playSite(picture, { robots: says('User-agent: CCBot\nDisallow: /img/') })
  const site = await playSite((request, response) => {
    response.writeHead(301, { location: `${cdn.url}${request.url}` }).end()
  })
  const fetcher = hurriedFetcher()
  await closing([fetcher, cdn, site], async () => {
    assert.is(ending(await fetcher.fetch(`${site.url}/img/a`)), 'optout_robots: robots.txt: CCBot')
    assert.is(cdn.asked.length, 0)
    assert.is(ending(await fetcher.fetch(`${site.url}/open/a`)), 'ok')
    assert.is(cdn.robotsAsked.length, 1)
  })
})

test('long files are cut after 500 KiB, at a line', async () => {
  const filler = `# ${'x'.repeat(997)}\n`.repeat(511)
  const ends: string[] = []
  for (const text of [
    // within the limit
    `${filler}User-agent: *\nDisallow: /\n`,
    // beyond it
    `${filler}${filler}User-agent: *\nDisallow: /\n`,
    // the limit falls into the last line, whose beginning `Allow: /` would allow everything
    `User-agent: *\nDisallow: /\n${'#'.repeat(512_000 - 26 - 1 - 8)}\nAllow: /public\n`,
  ]) {
    const site = await playSite(picture, { robots: says(text) })
    const fetcher = hurriedFetcher()
    await closing([fetcher, site], async () => ends.push(ending(await fetcher.fetch(`${site.url}/a`))))
  }
  assert.equal(ends, ['optout_robots: robots.txt: *', 'ok', 'optout_robots: robots.txt: *'])
})

test('an endless robots.txt is cut, a dripping one forbids', async () => {
  const endless = await playSite(picture, {
    robots: (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('Disallow: /x\n'.repeat(5_000)));
      }
      response.on('drain', more)
      more()
    },
  })
  const dripping = await playSite(picture, {
    robots: (_, response) => {
      const timer = setInterval(() => response.write('#'), 50)
      response.on('close', () => clearInterval(timer))
    },
  })
  const patient = hurriedFetcher()
  const fetcher = hurriedFetcher({ limits: { totalMs: 500 } })
  await closing([patient, fetcher, endless, dripping], async () => {
    assert.is(ending(await patient.fetch(`${endless.url}/a`)), 'ok')
    assert.is(
      ending(await fetcher.fetch(`${dripping.url}/a`)),
      'optout_robots: robots.txt unreachable: fetch_timeout',
    )
  })
})

test('a copy is kept a day, a failure some minutes', async () => {
  let clock = Date.now()
  let broken = true
  const site = await playSite(picture, { robots: says('User-agent: *\nDisallow: /no') })
  const shaky = await playSite(picture, {
    robots: (_, response) => void response.writeHead(broken ? 500 : 404).end(),
  })
  const fetcher = hurriedFetcher({ now: () => clock, politeness: { backoffMs: 0 } })
  await closing([fetcher, site, shaky], async () => {
    await fetcher.fetch(`${site.url}/a`)
    clock += 24 * 3_600_000 - 1_000
    await fetcher.fetch(`${site.url}/b`)
    assert.is(site.robotsAsked.length, 1)
    clock += 2_000
    await fetcher.fetch(`${site.url}/c`)
    assert.is(site.robotsAsked.length, 2)
    assert.match(ending(await fetcher.fetch(`${shaky.url}/a`)), /unreachable/)
    broken = false
    assert.match(ending(await fetcher.fetch(`${shaky.url}/a`)), /unreachable/)
    clock += 301_000
    assert.is(ending(await fetcher.fetch(`${shaky.url}/a`)), 'ok')
  })
})

test('a crawl-delay slows its host', async () => {
  const site = await playSite(picture, { robots: says('User-agent: *\nCrawl-delay: 0.3') })
  const fetcher = hurriedFetcher()
  await closing([fetcher, site], async () => {
    await Promise.all([1, 2, 3].map((i) => fetcher.fetch(`${site.url}/${i}`)))
    const times = site.asked.map(({ at }) => at)
    assert.ok(times[2]! - times[0]! >= 500, String(times))
  })
})

test.run()
