import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startImages } from '../../../node/images/images.ts'
import { POLITENESS, type Surroundings, startPoliteness } from '../../../node/images/politeness.ts'
import { failure, openWeb } from '../../../node/web/web.ts'
import { HEARSAY_MS, MAX_BACKOFF_MS } from '../../../protocol/timing.ts'
import { body, closing, ending, type Handler, hurriedFetcher, playSite } from './play-site.ts'

const test = suite('images: back-off')
const NEVER = new AbortController().signal
const HOUR = 3_600_000

type Told = { host: string; untilMs: number; status: number }

/** A politeness whose clock is set by hand, and turns of it that end as told, or say why there were none. */
function setUp(options: Partial<typeof POLITENESS> = {}) {
  const told: { name: string; ms: number; status: number }[] = []
  let clock = 1_000_000
  const surroundings: Surroundings = {
    now: () => clock,
    random: () => 0,
    onAsk: (name, ms, status) => told.push({ name, ms, status }),
  }
  const politeness = startPoliteness({ ...POLITENESS, hostGapMs: 0, ...options }, surroundings)
  return {
    ...{ told, politeness },
    pass: (ms: number) => {
      clock += ms
    },
    /** The host answers 429 or 503. */
    refuse: async (name: string, retryAfterMs: number, busy: 429 | 503 = 503) => {
      const result = failure('http_status', String(busy), {
        retry: true,
        blamesHost: true,
        busy,
        retryAfterMs,
      })
      await politeness.turn(name, async () => result, NEVER)
    },
    /** `asked`, or why the host was not. */
    ask: async (name: string) => {
      const result = await politeness.turn(name, async () => ({ ok: true as const }), NEVER)
      return result.ok ? 'asked' : `${result.outcome}: ${result.detail}`
    },
  }
}

test('a host that asks for an hour is left alone: one request, told once, and the others end at once', async () => {
  const answers: [string, number, () => string][] = [
    ['seconds', 429, () => '3600'],
    ['date', 503, () => new Date(Date.now() + HOUR).toUTCString()],
  ]
  for (const [form, status, retryAfter] of answers) {
    const busy: Handler = (_, response) =>
      void response.writeHead(status, { 'retry-after': retryAfter() }).end()
    const site = await playSite(busy)
    const told: Told[] = []
    const fetcher = hurriedFetcher({
      web: { hosts: { 'photos.example': site.address } },
      onBackOff: (host, untilMs, code) => told.push({ host, untilMs, status: code }),
    })
    await closing([fetcher, site], async () => {
      const start = performance.now()
      const ends = await Promise.all(
        Array.from({ length: 20 }, (_, i) => fetcher.fetch(`http://photos.example/${i}`)),
      )
      assert.equal(new Set(ends.map(ending)), new Set([`http_status: ${status} (host given up)`]), form)
      assert.ok(performance.now() - start < 15_000)
      // as many as may be asked of a host at once
      assert.ok(site.asked.length <= POLITENESS.hostConcurrency, String(site.asked.length))
      assert.equal(
        told.map(({ host, status }) => [host, status]),
        [['photos.example', status]],
      )
      assert.ok(Math.abs(told[0]!.untilMs - Date.now() - HOUR) < 20_000, form)
      const before = site.asked.length
      assert.match(ending(await fetcher.fetch('http://photos.example/later')), /given up/)
      assert.is(site.asked.length, before)
      // another port is another host to us, and its name says so
      await fetcher.fetch(`${site.url}/a`)
      assert.equal(
        told.map(({ host }) => host),
        ['photos.example', site.address],
      )
    })
  }
})

test('a robots.txt that is asked for too often closes its host as well', async () => {
  const busy: Handler = (_, response) => void response.writeHead(429, { 'retry-after': '600' }).end()
  const site = await playSite((_, response) => response.end('x'), { robots: busy })
  const told: string[] = []
  const fetcher = hurriedFetcher({ onBackOff: (host) => told.push(host) })
  await closing([fetcher, site], async () => {
    const first = ending(await fetcher.fetch(`${site.url}/a`))
    assert.is(first, 'optout_robots: robots.txt unreachable: 429 (host given up)')
    assert.is(ending(await fetcher.fetch(`${site.url}/b`)), 'http_status: 429 (host given up)')
    assert.equal([site.robotsAsked.length, site.asked.length, told], [1, 0, [site.address]])
  })
})

test('other statuses close nothing, however long they ask for', async () => {
  const site = await playSite((_, response) => response.writeHead(500, { 'retry-after': '86400' }).end())
  const told: string[] = []
  const fetcher = hurriedFetcher({ politeness: { maxBackoffMs: 100 }, onBackOff: (host) => told.push(host) })
  await closing([fetcher, site], async () => {
    assert.is(ending(await fetcher.fetch(`${site.url}/a`)), 'http_status: 500')
    const times = site.asked.map(({ at }) => at)
    assert.is(times.length, 3)
    assert.ok(times[1]! - times[0]! >= 50)
    assert.equal(told, [])
  })
})

test('short asks are waited for, and told where others can still heed them', async () => {
  const { told, refuse, ask, pass } = setUp()
  await refuse('quick.example', 9_000)
  await refuse('slow.example', 60_000, 429)
  await refuse('slower.example', 60_001)
  assert.equal(told, [
    { name: 'slow.example', ms: 60_000, status: 429 },
    { name: 'slower.example', ms: 60_001, status: 503 },
  ])
  assert.is(await ask('slower.example'), 'http_status: 503 (host given up)')
  pass(60_000)
  assert.is(await ask('slow.example'), 'asked')
  assert.match(await ask('slower.example'), /given up/)
  pass(1)
  assert.is(await ask('slower.example'), 'asked')
})

test('a host is told of once for each time that it asks, and for a day at most', async () => {
  const { told, refuse, pass, ask, politeness } = setUp()
  await Promise.all([refuse('a.example', HOUR), refuse('a.example', HOUR + 2_000)])
  assert.is(told.length, 1)
  pass(HOUR + 2_000)
  assert.is(await ask('a.example'), 'asked')
  await refuse('a.example', HOUR)
  assert.is(told.length, 2)
  await refuse('b.example', Number.POSITIVE_INFINITY)
  assert.is(told[2]?.ms, MAX_BACKOFF_MS)
  pass(MAX_BACKOFF_MS - 1)
  assert.is.not(politeness.refusal('b.example'), null)
  pass(1)
  assert.is(await ask('b.example'), 'asked')
})

test("others' word is heeded for an hour, and neither shortens a host's own nor is passed on", async () => {
  const { told, refuse, ask, pass, politeness } = setUp()
  const refusal = 'http_status: asked others to be left alone (host given up)'
  politeness.leaveAlone('heard.example', MAX_BACKOFF_MS)
  politeness.leaveAlone('past.example', -5)
  await refuse('asked.example', 2 * HEARSAY_MS)
  politeness.leaveAlone('asked.example', 70_000)
  assert.is(await ask('heard.example'), refusal)
  assert.is(await ask('past.example'), 'asked')
  pass(HEARSAY_MS - 1)
  assert.is(await ask('heard.example'), refusal)
  pass(1)
  assert.is(await ask('heard.example'), 'asked')
  assert.match(await ask('asked.example'), /503/)
  assert.equal(
    told.map(({ name }) => name),
    ['asked.example'],
  )
})

test('a host that others speak of gets not one packet, whatever its port', async () => {
  const site = await playSite((_, response) => response.end('x'))
  const web = openWeb({ allow: { loopback: true }, hosts: { 'photos.example': site.address } })
  const told: string[] = []
  const images = startImages({
    threads: 1,
    userAgent: 'Shoal-test/1',
    web,
    onBackOff: (host) => told.push(host),
  })
  await closing([images, web, site], async () => {
    images.leaveAlone('photos.example', Date.now() + HOUR)
    images.leaveAlone(site.address, Date.now() + HOUR)
    const end = ending(await images.fetch('http://photos.example:80/a'))
    assert.is(end, 'http_status: asked others to be left alone (host given up)')
    assert.match(ending(await images.fetch(`${site.url}/a`)), /given up/)
    assert.is(site.connections(), 0)
    assert.is(body(await images.fetch('http://localhost:1/a')).includes('left alone'), false)
    assert.equal(told, [])
  })
})

test("a short word of others' is waited for", async () => {
  const site = await playSite((_, response) => response.end('x'))
  const fetcher = hurriedFetcher()
  await closing([fetcher, site], async () => {
    fetcher.leaveAlone(site.address, Date.now() + 1_000)
    const start = performance.now()
    assert.is(body(await fetcher.fetch(`${site.url}/a`)), 'x')
    assert.ok(performance.now() - start >= 900)
  })
})

test('closed hosts outlast the idle, are bounded, and no talk of others pushes them out', async () => {
  const { refuse, ask, politeness } = setUp({ hosts: 5 })
  await refuse('asked.example', HOUR)
  for (let i = 0; i < 20; i++) {
    await ask(`idle${i}.example`)
    politeness.leaveAlone(`heard${i}.example`, HOUR)
  }
  assert.match(await ask('asked.example'), /given up/)
  assert.is(await ask('heard0.example'), 'asked')
  assert.match(await ask('heard19.example'), /given up/)
  for (let i = 0; i < 5; i++) await refuse(`other${i}.example`, HOUR)
  assert.is(await ask('asked.example'), 'asked')
})

test.run()
