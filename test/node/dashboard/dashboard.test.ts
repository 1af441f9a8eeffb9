import { mkdtemp, readFile, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readKey } from '../../../node/dashboard-key.ts'
import { codeOf } from '../with-node.ts'
import { startDashboard, told } from './start-dashboard.ts'

const test = suite('whom the dashboard answers')
const stack = new AsyncDisposableStack()
let running: Awaited<ReturnType<typeof startDashboard>>

test.before(async () => {
  running = await startDashboard(stack)
})

test.after(() => stack.disposeAsync())

test('its owner alone reads where it is, and the token', async () => {
  const { dashboard, dataDir } = running
  assert.equal(await readKey(dataDir), { address: dashboard.address, token: dashboard.token })
  assert.match(dashboard.token, /^[\da-f]{64}$/)
  if (process.platform !== 'win32')
    assert.is((await stat(join(dataDir, 'control', 'dashboard'))).mode & 0o777, 0o600)
})

test('it is on this machine alone', async () => {
  const { dashboard, dataDir, start } = running
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
  const { dashboard, send } = running
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
  const { dashboard } = running
  const socket = connect(Number(new URL(dashboard.address).port), '127.0.0.1')
  socket.write('GET /api/peers HTTP/1.0\r\n\r\n')
  const text = Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString()
  assert.match(text, /^HTTP\/1\.1 403 /)
})

test('every answer keeps other pages from it', async () => {
  const { send } = running
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
  const { dashboard, seen, bearing, send } = running
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
  const foreign = { ...bearing, origin: 'https://evil.example' }
  assert.is(told(await send('/api/pause', foreign, '')), '403 dashboard_origin')
  assert.is(seen.paused, 0)
  assert.equal((await send('/api/pause', bearing, '')).json(), { done: 'pause' })
  assert.is(seen.paused, 1)
  const bare = { authorization: `Bearer ${dashboard.token}` }
  assert.equal((await send('/api/resume', bare, '')).json(), { done: 'resume' })
  assert.is(seen.paused, 0)
  assert.is((await send('/api/pause', bearing)).status, 404)
})

test('what is served is what lies in the folder, and asked for again only when it changed', async () => {
  const { send } = running
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
