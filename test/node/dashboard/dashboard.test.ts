import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request as ask } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Daemon } from '../../../node/daemon/daemon.ts'
import { readLimits } from '../../../node/daemon/limits.ts'
import { type Dashboard, type LimitChanges, serveDashboard } from '../../../node/dashboard/dashboard.ts'
import { readKey } from '../../../node/dashboard-key.ts'
import { openLog } from '../../../node/log.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { until } from '../network/start-node.ts'
import { codeOf } from '../with-node.ts'

const test = suite('dashboard')
const stack = new AsyncDisposableStack()
const { promise: ended, resolve: end } = Promise.withResolvers<void>()
const seen = { pulses: 0, maps: 0, paused: 0, searched: [] as unknown[] }
let dataDir = ''
let dashboard: Dashboard
let saved: LimitChanges | null = null

/** What a daemon tells, in short. */
const daemon = {
  ended,
  pulse: async () => ({ at: ++seen.pulses }),
  map: async ({ campaign, cells }: { campaign: string; cells: number }) => {
    if (campaign === 'none') throw new ShoalError('campaign_unknown', 'this node has not joined it')
    seen.maps++
    return { campaign, cells }
  },
  peers: async () => [{ peer: 'one' }],
  standings: async () => Array.from({ length: 1_500 }, (_, i) => ({ i })),
  newest: async (count: number) => [{ count }],
  history: (span: string) => ({ span }),
  samples: async () => [],
  samplePicture: async (id: string) => (id === '0123456789abcdef' ? Buffer.from('a picture') : null),
  search: async (request: object) => {
    seen.searched.push(request)
    return { hits: [] }
  },
  metrics: async () => ({ type: 'text/plain; version=0.0.4', text: 'shoal_peers 1\n' }),
  pause: () => void seen.paused++,
  resume: () => void seen.paused--,
  limit: (changes: unknown) => ({ bytesPerSecond: null, diskBytes: null, ...readLimits(changes) }),
}

interface Answer {
  status: number
  headers: Record<string, unknown>
  text: string
  json(): { error: { code: string } } & Record<string, unknown>
}

/** With any headers at all, which `fetch` does not allow. */
async function send(path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
  const method = body === undefined ? 'GET' : 'POST'
  const sending = ask(`${dashboard.address}${path}`, { method, headers, agent: false, timeout: 5_000 })
  sending.end(body)
  const [response] = await once(sending, 'response')
  const text = Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)).toString()
  return { status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) }
}

const bearing = () => ({ authorization: `Bearer ${dashboard.token}`, 'content-type': 'application/json' })
const told = ({ status, json }: Answer) => `${status} ${json().error.code}`

test.before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'shoal-dashboard-'))
  stack.defer(() => rm(dataDir, { recursive: true, force: true }))
  dashboard = await start({
    onLimits: async (changes) => {
      saved = changes
    },
  })
})

test.after(() => stack.disposeAsync())

async function start(options: Partial<Parameters<typeof serveDashboard>[1]> = {}): Promise<Dashboard> {
  const started = await serveDashboard(daemon as unknown as Daemon, {
    ...{ dataDir, listen: { host: '127.0.0.1', port: 0 }, log: openLog('silent', 'stderr') },
    ...options,
  })
  stack.defer(() => started.close())
  return started
}

test('its owner alone reads where it is, and the token', async () => {
  assert.equal(await readKey(dataDir), { address: dashboard.address, token: dashboard.token })
  assert.match(dashboard.token, /^[\da-f]{64}$/)
  if (process.platform !== 'win32')
    assert.is((await stat(join(dataDir, 'control', 'dashboard'))).mode & 0o777, 0o600)
})

test('it is on this machine alone', async () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.org', '127.0.0.2'])
    assert.is(await codeOf(start({ listen: { host, port: 0 } })), 'dashboard_address', host)
  const port = Number(new URL(dashboard.address).port)
  assert.is(await codeOf(start({ listen: { host: '127.0.0.1', port } })), 'dashboard_listen')
  // the other one is not told to be gone
  assert.ok(await readKey(dataDir))
  const other = await mkdtemp(join(dataDir, 'other-'))
  const beside = await start({ dataDir: other, listen: { host: 'localhost', port, orAny: true } })
  assert.not(beside.address === dashboard.address)
  assert.not(beside.token === dashboard.token)
  await beside.close()
  assert.is(await readKey(other), null)
})

test('names that lead here are refused, and other sites', async () => {
  const { host, port } = new URL(dashboard.address)
  for (const path of ['/', '/api/peers', '/events', '/metrics', '/api/samples/0123456789abcdef.jpg']) {
    for (const name of [
      `evil.example:${port}`,
      'evil.example',
      '127.0.0.1',
      `127.0.0.1.evil.example:${port}`,
    ])
      assert.is(told(await send(path, { host: name })), '403 dashboard_host', `${path} ${name}`)
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:4180' },
      { origin: `https://${host}` },
      // to this machine by another of its names
      { origin: `http://localhost:${port}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ]
    for (const headers of foreign)
      assert.is(told(await send(path, headers)), '403 dashboard_origin', `${path} ${JSON.stringify(headers)}`)
  }
  // a link in somebody's chat
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  assert.is(told(await send('/api/peers', link)), '403 dashboard_origin')
  assert.is.not((await send('/', link)).status, 403)
  for (const name of ['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]']) {
    const { status } = await send('/api/peers', { host: `${name}:${port}`, 'sec-fetch-site': 'same-origin' })
    assert.is(status, 200, name)
  }
  assert.is(
    (await send('/api/peers', { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).status,
    200,
  )
  assert.is((await send('/api/peers', { 'sec-fetch-site': 'none' })).status, 200)
})

test('without a name it answers nobody', async () => {
  const socket = connect(Number(new URL(dashboard.address).port), '127.0.0.1')
  socket.write('GET /api/peers HTTP/1.0\r\n\r\n')
  const text = Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString()
  assert.match(text, /^HTTP\/1\.1 403 /)
})

test('every answer keeps other pages from it', async () => {
  const paths = ['/', '/api/peers', '/nothing', '/%zz', '/metrics', '/api/map?campaign=none']
  for (const { headers } of await Promise.all(paths.map((path) => send(path)))) {
    assert.match(String(headers['content-security-policy']), /default-src 'self'.*frame-ancestors 'none'/)
    assert.not.match(String(headers['content-security-policy']), /unsafe/)
    assert.is(headers['x-content-type-options'], 'nosniff')
    assert.is(headers['cross-origin-resource-policy'], 'same-origin')
    assert.is(headers['cross-origin-opener-policy'], 'same-origin')
    assert.not('access-control-allow-origin' in headers)
  }
})

test('to change anything takes the token, and the page itself', async () => {
  for (const path of ['/api/pause', '/api/resume', '/api/limits', '/api/nothing'])
    for (const authorization of [
      ...['', 'Bearer', `Bearer ${'0'.repeat(64)}`, `Basic ${dashboard.token}`, `Bearer ${dashboard.token}0`],
      `Bearer ${dashboard.token.slice(1)}`,
    ]) {
      const answer = await send(path, authorization ? { authorization } : {}, '{}')
      assert.is(told(answer), '401 dashboard_token', authorization)
      assert.is(answer.headers['www-authenticate'], 'Bearer')
    }
  assert.is(seen.paused, 0)
  const foreign = { ...bearing(), origin: 'https://evil.example' }
  assert.is(told(await send('/api/pause', foreign, '')), '403 dashboard_origin')
  assert.is(seen.paused, 0)
  assert.equal((await send('/api/pause', bearing(), '')).json(), { done: 'pause' })
  assert.is(seen.paused, 1)
  const bare = { authorization: `Bearer ${dashboard.token}` }
  assert.equal((await send('/api/resume', bare, '')).json(), { done: 'resume' })
  assert.is(seen.paused, 0)
  assert.is((await send('/api/pause', bearing())).status, 404)
})

test('limits are read with care, and kept', async () => {
  const set = (body: unknown) => send('/api/limits', bearing(), JSON.stringify(body))
  const answer = await set({ hours: '22-6', bytesPerSecond: 2e6, diskBytes: null, segments: 2, threads: 3 })
  const limits = { bytesPerSecond: 2e6, diskBytes: null, segments: 2, hours: { from: 22, to: 6 } }
  assert.equal(answer.json(), { limits, next: { threads: 3 }, isSaved: true })
  assert.equal(saved, { ...limits, threads: 3 })
  assert.equal((await set({ hours: null })).json().isSaved, true)
  saved = null
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
  assert.is(told(await send('/api/limits', bearing(), '{')), '400 dashboard_body')
  assert.is((await send('/api/limits', bearing(), `"${'x'.repeat(5_000)}"`)).status, 413)
  assert.is((await send('/api/limits', { ...bearing(), 'content-type': 'text/plain' }, 'x')).status, 415)
  assert.is(saved, null)
})

test('where nothing keeps limits, threads are not taken', async () => {
  const other = await start({ dataDir: await mkdtemp(join(dataDir, 'unkept-')) })
  const body = JSON.stringify({ threads: 2 })
  const { status } = await fetch(`${other.address}/api/limits`, {
    ...{ method: 'POST', body, signal: AbortSignal.timeout(5_000) },
    headers: { authorization: `Bearer ${other.token}`, 'content-type': 'application/json' },
  })
  assert.is(status, 400)
})

test('what the page shows', async () => {
  const json = async (path: string) => (await send(path)).json() as unknown
  assert.equal(await json('/api/peers'), [{ peer: 'one' }])
  assert.is(((await json('/api/standings')) as unknown[]).length, 1_000)
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
  const before = seen.maps
  await Promise.all(Array.from({ length: 8 }, () => send('/api/map?campaign=same')))
  assert.is(seen.maps, before + 1)
})

test('searches by words, domains and uids alone', async () => {
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
  await until('three pulses came', () => texts.every((text) => text.split('event: pulse').length > 3))
  assert.ok(seen.pulses - before <= 5, `${seen.pulses - before} pulses were taken for 16 listeners`)
  assert.match(texts[0]!, /^retry: \d+\n\nevent: pulse\ndata: \{"at":\d+\}\n\n/)
  end()
  await Promise.all(reading)
  for (const text of texts) assert.match(text, /event: ended\ndata: \{\}\n\n$/)
  const after = seen.pulses
  await new Promise((done) => setTimeout(done, 1_200))
  assert.is(seen.pulses, after, 'nobody listens')
})

test('what is served is what lies in the folder, and asked for again only when it changed', async () => {
  const page = new URL('../../../node/dashboard/page/', import.meta.url)
  const { text, headers, status } = await send('/')
  assert.is(status, 200)
  assert.is(text, await readFile(new URL('index.html', page), 'utf8'))
  assert.is(headers['content-type'], 'text/html; charset=utf-8')
  assert.is((await send('/', { 'if-none-match': String(headers.etag) })).status, 304)
  for (const path of ['/index.ts', '/../dashboard.ts', '/%2e%2e/dashboard.ts', '/page/index.html'])
    assert.is((await send(path)).status, 404, path)
})

test.run()
