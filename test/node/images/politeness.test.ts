import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { POLITENESS, startPoliteness } from '../../../node/images/politeness.ts'
import { readRetryAfter } from '../../../node/images/retry-after.ts'
import { failure } from '../../../node/web/web.ts'
import { body, closing, ending, hurriedFetcher, playSite } from './play-site.ts'

const test = suite('images: politeness')
const NEVER = new AbortController().signal
const still = (now: () => number) => ({ now, random: () => 0 })
const good = async () => ({ ok: true as const })

test('one host: requests at once and the gap between them, as the server sees them', async () => {
  let running = 0
  let most = 0
  const site = await playSite(async (_, response) => {
    most = Math.max(most, ++running)
    await sleep(70)
    running--
    response.end('x')
  })
  const fetcher = hurriedFetcher({ politeness: { hostConcurrency: 2, hostGapMs: 60 } })
  await closing([fetcher, site], async () => {
    await Promise.all(Array.from({ length: 10 }, (_, i) => fetcher.fetch(`${site.url}/${i}`)))
    assert.is(most, 2)
    // a packet may dawdle: the gaps are judged over the whole row
    const times = site.asked.map(({ at }) => at)
    assert.ok(times[9]! - times[0]! >= 9 * 60 - 50, String(times))
  })
})

test('the gap holds however many places are free', async () => {
  const site = await playSite((_, response) => response.end('x'))
  const fetcher = hurriedFetcher({ politeness: { hostConcurrency: 6, hostGapMs: 60 } })
  await closing([fetcher, site], async () => {
    await Promise.all(Array.from({ length: 8 }, (_, i) => fetcher.fetch(`${site.url}/${i}`)))
    const times = site.asked.map(({ at }) => at)
    assert.ok(times[7]! - times[0]! >= 7 * 60 - 50, String(times))
  })
})

test('the gap holds where two had to wait for the other hosts', async () => {
  const politeness = startPoliteness({ ...POLITENESS, concurrency: 2, hostGapMs: 60 }, still(Date.now))
  const { promise, resolve } = Promise.withResolvers<{ ok: true }>()
  const others = ['b.example', 'c.example'].map((host) => politeness.turn(host, () => promise, NEVER))
  const starts: number[] = []
  const start = async () => {
    starts.push(performance.now())
    return { ok: true as const }
  }
  const two = [politeness.turn('a.example', start, NEVER), politeness.turn('a.example', start, NEVER)]
  await sleep(20)
  assert.is(starts.length, 0)
  resolve({ ok: true })
  await Promise.all([...others, ...two])
  assert.ok(starts[1]! - starts[0]! >= 55, String(starts))
})

test('all hosts together keep to the limit', async () => {
  let running = 0
  let most = 0
  const site = await playSite(async (_, response) => {
    most = Math.max(most, ++running)
    await sleep(20)
    running--
    response.end('x')
  })
  const hosts = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`h${i}.example`, site.address]))
  const fetcher = hurriedFetcher({ web: { hosts }, politeness: { concurrency: 3 } })
  await closing([fetcher, site], async () => {
    const ends = await Promise.all(Object.keys(hosts).map((host) => fetcher.fetch(`http://${host}/a`)))
    assert.ok(ends.every(({ ok }) => ok))
    assert.is(most, 3)
  })
})

test("a slow host and a dead one stand in nobody's way", async () => {
  const slow = await playSite(() => {})
  const quick = await playSite((_, response) => response.end('quick'))
  const fetcher = hurriedFetcher({
    web: {
      hosts: { 'slow.example': slow.address },
      // a name server that never answers for `localhost`
      lookup: () => new Promise(() => {}),
    },
    politeness: { concurrency: 6, hostConcurrency: 2 },
  })
  await closing([fetcher, slow, quick], async () => {
    const stop = new AbortController()
    const stuck = Array.from({ length: 40 }, (_, i) => [
      `http://slow.example/${i}`,
      `http://localhost:81/${i}`,
    ])
      .flat()
      .map((url) => fetcher.fetch(url, stop.signal).catch(() => null))
    await sleep(50)
    const start = performance.now()
    const ends = await Promise.all(Array.from({ length: 30 }, (_, i) => fetcher.fetch(`${quick.url}/${i}`)))
    assert.ok(ends.every((end) => body(end) === 'quick'))
    assert.ok(performance.now() - start < 10_000, String(performance.now() - start))
    stop.abort()
    await Promise.all(stuck)
  })
})

test('a dead host costs some tries, not one for each of its pictures, and gets another chance later', async () => {
  let later = 0
  const politeness = startPoliteness(
    { ...POLITENESS, hostGapMs: 0, backoffMs: 0, failuresToGiveUp: 3, givenUpMs: 10_000 },
    still(() => Date.now() + later),
  )
  let requests = 0
  const dead = async () => {
    requests++
    return failure('fetch_connect', 'ECONNREFUSED', { connected: false, blamesHost: true, retry: true })
  }
  const ends = await Promise.all(
    Array.from({ length: 50 }, () => politeness.turn('dead.example', dead, NEVER)),
  )
  assert.ok(requests <= 4, String(requests))
  const last = ends.at(-1)!
  assert.is(!last.ok && last.detail, 'ECONNREFUSED (host given up)')
  assert.is(!last.ok && last.retry, false)
  assert.ok((await politeness.turn('other.example', good, NEVER)).ok)
  later = 10_001
  const before = requests
  await politeness.turn('dead.example', dead, NEVER)
  await politeness.turn('dead.example', dead, NEVER)
  assert.is(requests, before + 1)
  later = 20_002
  assert.ok((await politeness.turn('dead.example', good, NEVER)).ok)
  // it lives: it has all its chances again
  for (let i = 0; i < 5; i++) await politeness.turn('dead.example', dead, NEVER)
  assert.is(requests, before + 1 + 3)
})

test('failures of single addresses give no host up', async () => {
  const site = await playSite((request, response) => {
    response.writeHead(request.url === '/good' ? 200 : 500).end('x')
  })
  const fetcher = hurriedFetcher({ politeness: { failuresToGiveUp: 2 } })
  await closing([fetcher, site], async () => {
    for (let i = 0; i < 3; i++) assert.is(ending(await fetcher.fetch(`${site.url}/bad`)), 'http_status: 500')
    assert.is(ending(await fetcher.fetch(`${site.url}/good`)), 'ok')
  })
})

test('Retry-After: seconds and dates', () => {
  const now = Date.UTC(2030, 0, 1)
  assert.is(readRetryAfter('7', now), 7_000)
  assert.is(readRetryAfter(' 0 ', now), 0)
  assert.is(readRetryAfter('Tue, 01 Jan 2030 00:01:30 GMT', now), 90_000)
  assert.is(readRetryAfter('Tuesday, 01-Jan-30 00:00:05 GMT', now), 5_000)
  assert.is(readRetryAfter('Fri, 01 Jan 1999 00:00:00 GMT', now), 0)
  for (const odd of [undefined, '', 'soon', '-5', '1.5', 'Tue, 99 Foo'])
    assert.is(readRetryAfter(odd, now), null, odd)
})

test('429 and 503 are heeded by the whole host, with Retry-After in both forms', async () => {
  const cases = [429, 503].flatMap((status) => ['seconds', 'date'].map((form) => ({ status, form })))
  const heeded = async ({ status, form }: { status: number; form: string }) => {
    let first = true
    const site = await playSite((_, response) => {
      if (!first) return void response.end('later')
      first = false
      const wait = form === 'seconds' ? '1' : new Date(Date.now() + 1_500).toUTCString()
      response.writeHead(status, { 'retry-after': wait }).end()
    })
    const fetcher = hurriedFetcher({ politeness: { hostConcurrency: 1 } })
    await closing([fetcher, site], async () => {
      const ends = await Promise.all([fetcher.fetch(`${site.url}/a`), fetcher.fetch(`${site.url}/b`)])
      assert.equal(ends.map(body), ['later', 'later'])
      const [refused, ...others] = site.asked.map(({ at }) => at)
      // dates have whole seconds: against the answer's own date it is one or two of them
      assert.ok(others.length === 2 && others.every((at) => at - refused! >= 980), `${status} ${form}`)
    })
  }
  await Promise.all(cases.map(heeded))
})

test('pauses double, within their jitter and limit', async () => {
  let now = 1_000_000
  const politeness = startPoliteness(
    { ...POLITENESS, hostGapMs: 0, backoffMs: 1_000, maxBackoffMs: 3_000, failuresToGiveUp: 100 },
    { now: () => now, random: () => 0.5 },
  )
  for (const pause of [0, 750, 1_500, 3_000, 3_000]) {
    let ran = false
    now += Math.max(0, pause - 3)
    const turn = politeness.turn(
      'busy.example',
      async () => {
        ran = true
        return failure('http_status', '503', { retry: true, blamesHost: true })
      },
      NEVER,
    )
    await sleep(15)
    assert.is(ran, pause === 0)
    now += Math.min(pause, 3)
    await turn
  }
})

test('idle hosts are forgotten, busy ones are not', async () => {
  const politeness = startPoliteness(
    { ...POLITENESS, hosts: 5, hostConcurrency: 1, hostGapMs: 0, failuresToGiveUp: 1 },
    still(Date.now),
  )
  const { promise, resolve } = Promise.withResolvers<{ ok: true }>()
  const busy = politeness.turn('busy.example', () => promise, NEVER)
  const broken = async () => failure('fetch_connect', 'ECONNREFUSED', { blamesHost: true })
  await politeness.turn('closed.example', broken, NEVER)
  assert.not((await politeness.turn('closed.example', good, NEVER)).ok)
  for (let i = 0; i < 10; i++) await politeness.turn(`h${i}.example`, good, NEVER)
  assert.ok((await politeness.turn('closed.example', good, NEVER)).ok, 'its failure is forgotten')
  let second = false
  const waiting = politeness.turn(
    'busy.example',
    async () => {
      second = true
      return { ok: true as const }
    },
    NEVER,
  )
  await sleep(20)
  assert.not(second, 'its one place is still taken')
  resolve({ ok: true })
  await Promise.all([busy, waiting])
  assert.ok(second)
})

test.run()
