import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { until } from '../network/start-node.ts'
import { startDashboard, told } from './start-dashboard.ts'

const test = suite('what the dashboard answers')
const stack = new AsyncDisposableStack()
let running: Awaited<ReturnType<typeof startDashboard>>

test.before(async () => {
  running = await startDashboard(stack)
})

test.after(() => stack.disposeAsync())

test('limits are read with care, and kept', async () => {
  const { seen, bearing, send } = running
  const set = (body: unknown) => send('/api/limits', bearing, JSON.stringify(body))
  const answer = await set({ hours: '22-6', bytesPerSecond: 2e6, diskBytes: null, segments: 2, threads: 3 })
  const limits = { bytesPerSecond: 2e6, diskBytes: null, segments: 2, hours: { from: 22, to: 6 } }
  assert.equal(answer.json(), { limits, next: { threads: 3 }, isSaved: true })
  assert.equal(seen.saved, { ...limits, threads: 3 })
  assert.equal((await set({ hours: null })).json().isSaved, true)
  seen.saved = null
  for (const wrong of [
    ...[
      { hours: 'x' },
      { hours: '6-6' },
      { hours: { from: 1, to: 99 } },
      { bytesPerSecond: 1 },
      { segments: 0 },
    ],
    ...[{ segments: 1.5 }, { diskBytes: -1 }, { threads: 0 }, { threads: 'x' }, { unknown: 1 }, [], null, 7],
  ])
    assert.match(told(await set(wrong)), /^400 (limits|hours)_invalid$/, JSON.stringify(wrong))
  assert.is(told(await send('/api/limits', bearing, '{')), '400 dashboard_body')
  assert.is((await send('/api/limits', bearing, `"${'x'.repeat(5_000)}"`)).status, 413)
  assert.is((await send('/api/limits', { ...bearing, 'content-type': 'text/plain' }, 'x')).status, 415)
  assert.is(seen.saved, null)
})

test('where nothing keeps limits, threads are not taken', async () => {
  const { dataDir, start } = running
  const other = await start({ dataDir: await mkdtemp(join(dataDir, 'unkept-')) })
  const body = JSON.stringify({ threads: 2 })
  const { status } = await fetch(`${other.address}/api/limits`, {
    ...{ method: 'POST', body, signal: AbortSignal.timeout(5_000) },
    headers: { authorization: `Bearer ${other.token}`, 'content-type': 'application/json' },
  })
  assert.is(status, 400)
})

test('what the page shows', async () => {
  const { send } = running
  const json = async (path: string) => (await send(path)).json() as unknown
  assert.equal(await json('/api/peers'), [{ peer: 'one' }])
  assert.is(((await json('/api/standings')) as unknown[]).length, 1_000)
  assert.equal(await json('/api/credits'), [{ campaign: null }])
  assert.equal(await json('/api/credits?campaign=c'), [{ campaign: 'c' }])
  assert.equal(await json('/api/shards?lines=7'), [{ count: 7 }])
  assert.equal(await json('/api/history?span=day'), { span: 'day' })
  assert.equal(await json('/api/map?campaign=c&cells=50'), { campaign: 'c', cells: 50 })
  assert.is(told(await send('/api/map?campaign=none')), '404 campaign_unknown')
  const picture = await send('/api/samples/0123456789abcdef.jpg')
  assert.is(picture.text, 'a picture')
  assert.is(picture.headers['content-type'], 'image/jpeg')
  assert.is(picture.headers['cache-control'], 'no-store')
  for (const name of ['0000000000000000.jpg', 'x.jpg', '..%2f..%2fidentity.key'])
    assert.is(told(await send(`/api/samples/${name}`)), '404 sample_unknown', name)
  assert.is((await send('/metrics')).text, 'shoal_peers 1\n')
  for (const path of [
    '/api/map?cells=0',
    '/api/shards?lines=x',
    '/api/shards?lines=201',
    '/api/log?lines=1&lines=2',
  ])
    assert.is(told(await send(path)), '400 dashboard_query', path)
})

test('a map that several windows ask for is made once', async () => {
  const { seen, send } = running
  const before = seen.maps
  await Promise.all(Array.from({ length: 8 }, () => send('/api/map?campaign=same')))
  assert.is(seen.maps, before + 1)
})

test('searches by words, domains and uids alone', async () => {
  const { seen, send } = running
  await send('/api/search?text=a%20red%20boat&limit=5')
  await send('/api/search?domain=photos.example')
  await send(`/api/search?uid=${'0'.repeat(32)}`)
  const rest = { campaign: null, model: null }
  assert.equal(seen.searched, [
    { kind: 'text', value: 'a red boat', limit: 5, ...rest },
    { kind: 'domain', value: 'photos.example', limit: 20, ...rest },
    { kind: 'hash', value: '0'.repeat(32), limit: 20, ...rest },
  ])
  for (const path of ['/api/search', '/api/search?image=/etc/passwd', '/api/search?text=%20'])
    assert.is(told(await send(path)), '400 search_empty', path)
  assert.is(told(await send(`/api/search?text=${'x'.repeat(1_001)}`)), '400 dashboard_query')
})

test('the log without what is below info, and without what is broken', async () => {
  const { dataDir, send } = running
  const lines = [
    { level: 20, url: 'http://a.example' },
    { level: 30, msg: 'one' },
    { level: 40, msg: 'two' },
  ]
  const text = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"level":50,"ms`
  await writeFile(join(dataDir, 'shoal.log'), text)
  assert.equal((await send('/api/log')).json(), lines.slice(1))
})

test('tells a pulse each second, once for all, and the end', async () => {
  const { dashboard, seen, end, send } = running
  const listeners = await Promise.all(
    Array.from({ length: 16 }, async () => {
      const response = await fetch(`${dashboard.address}/events`, { signal: AbortSignal.timeout(10_000) })
      assert.is(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
      return response.body!.pipeThrough(new TextDecoderStream())
    }),
  )
  assert.is(told(await send('/events')), '503 dashboard_full')
  const texts = listeners.map(() => '')
  const reading = listeners.map(async (listener, i) => {
    for await (const text of listener) texts[i] += text
  })
  const before = seen.pulses
  await until('two pulses came', () => texts.every((text) => text.split('event: pulse').length > 2))
  assert.ok(seen.pulses - before <= 4, `${seen.pulses - before} pulses were taken for 16 listeners`)
  assert.match(texts[0]!, /^retry: \d+\n\nevent: pulse\ndata: \{"at":\d+\}\n\n/)
  end()
  await Promise.all(reading)
  for (const text of texts) assert.match(text, /event: ended\ndata: \{\}\n\n$/)
  const after = seen.pulses
  await new Promise((done) => setTimeout(done, 1_200))
  assert.is(seen.pulses, after, 'nobody listens')
})

test.run()
