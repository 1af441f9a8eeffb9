import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startGateway } from '../../../node/gateway/gateway.ts'
import type { People } from '../../../node/gateway/pages/pages.ts'
import { openLog } from '../../../node/log.ts'
import { type RequestState, readReceiptFile } from '../../../node/requests/requests.ts'
import type { Hit, SearchRequest } from '../../../node/search/search.ts'
import { until } from '../network/start-node.ts'
import { openTemporary } from '../pins/make-dags.ts'
import { openBoth } from '../requests/open-requests.ts'

const test = suite("the gateway's pages")
const PHOTO = 'https://photos.example.org/me.jpg'

async function start(
  stack: AsyncDisposableStack,
  hits: Partial<Hit>[] = [],
  prove?: People['requests']['prove'],
) {
  const { other } = await openBoth(stack)
  const home = await openTemporary(stack)
  const asked: SearchRequest[] = []
  const search: People['search'] = async (request) => {
    asked.push(request)
    return { hits: hits.map((hit) => ({ ...HIT, ...hit })), shards: 1, rows: 8, skipped: [], notes: [] }
  }
  const gateway = await startGateway({
    ...{ blocks: home.blocks, listen: { host: '127.0.0.1', port: 0 }, log: openLog('silent', 'stderr') },
    people: { requests: prove ? { ...other.requests, prove } : other.requests, search },
  })
  stack.defer(() => gateway.close())
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`${gateway.address}${path}`, { redirect: 'manual', signal: AbortSignal.timeout(20_000), ...init })
  const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
    get(path, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { origin: gateway.address, ...headers },
    })
  return { other, asked, get, post }
}

const HIT: Hit = {
  ...{ uid: '0123456789abcdef0123456789abcdef', score: null, match: 'url', text: 'a red apple', url: PHOTO },
  ...{
    page: 'https://example.org/',
    similarity: 0.3,
    language: 'en',
    license: null,
    sha256: 'ab'.repeat(32),
  },
  ...{ fetchedAt: Date.UTC(2026, 0, 2), signals: ['robots.txt: allowed'], campaign: 'bafycampaign' },
  ...{ segment: 0, producer: '12D3KooProducer', manifest: 'bafymanifest', row: 0, state: 'verified' },
  ...{ also: [], model: null },
}
const wish = { kind: 'url', values: PHOTO, reason: 'privacy', contact: 'me@example.org' }

test('a request by the form: a page of its own, a receipt, and nothing told of who asked', async () => {
  await using stack = new AsyncDisposableStack()
  const { get, post, other } = await start(stack)
  const made = await post('/optout', wish)
  assert.is(made.status, 303)
  const path = made.headers.get('location')!
  assert.match(path, /^\/optout\/status\/[a-z2-7]{26}\?key=[a-z2-7]{26}$/)
  const page = await (await get(path)).text()
  assert.match(page, /Hidden until 2026-01-31/)
  assert.ok(page.includes('by 2026-01-29') && page.includes(PHOTO))
  assert.not.ok(page.includes('me@example.org'))
  const told = await get(path, { headers: { accept: 'application/json' } })
  assert.is(((await told.json()) as RequestState).subjects[0]!.fate, 'hidden')
  const receipt = await get(path.replace('status', 'receipt'))
  assert.match(receipt.headers.get('content-disposition')!, /^attachment; filename="shoal-receipt-/)
  const { receipt: read, node } = await readReceiptFile(await receipt.text())
  assert.equal([read.request, node], [path.split(/[/?]/)[3], other.peer])
  assert.is((await get(`/optout/status/${'a'.repeat(26)}`)).status, 404)
})

test("what was asked for is told to who has the key of its page: the request's name is in public records", async () => {
  await using stack = new AsyncDisposableStack()
  const { get, post } = await start(stack)
  const made = await post('/optout', { ...wish, reason: 'safety' })
  const path = made.headers.get('location')!
  const bare = path.split('?')[0]!
  for (const stranger of [bare, `${bare}?key=`, `${bare}?key=${'a'.repeat(26)}`, `${path}&key=x`])
    for (const accept of ['text/html', 'application/json']) {
      const answer = await get(stranger, { headers: { accept } })
      const said = await answer.text()
      assert.is(answer.status, 200)
      assert.match(said, accept === 'text/html' ? /Hidden until 2026-01-31/ : /"fate":"hidden"/)
      assert.not.match(said, /photos\.example\.org|key=|"key":"/, `${stranger} ${accept}`)
    }
  for (const stranger of [bare, `${bare}?key=x`]) assert.is((await post(stranger, {})).status, 403)
  assert.is((await post(path, {})).status, 503, 'this one has no way out')
  const name = bare.split('/').at(-1)!
  const alike = encodeURIComponent(String.fromCharCode(name.charCodeAt(0) + 0x100)) + name.slice(1)
  for (const odd of ['x', `${name}%0a`, alike])
    for (const page of ['status', 'receipt'])
      assert.is((await get(`/optout/${page}/${odd}`)).status, 404, `${page} ${odd}`)
})

test('several things of one kind, and what the buttons beside finds ask for', async () => {
  await using stack = new AsyncDisposableStack()
  const { get, post } = await start(stack)
  const many = await post('/optout', { ...wish, values: `${PHOTO}\r\n\r\n https://a.example.org/b.png \n` })
  const page = await (await get(many.headers.get('location')!)).text()
  assert.ok(page.includes(PHOTO) && page.includes('https://a.example.org/b.png'))
  const one = await post('/optout', { what: `image ${'ab'.repeat(32)}`, reason: 'rights' })
  assert.is(one.status, 303)
})

test('what is wrong is said beside the form, which keeps what was typed', async () => {
  await using stack = new AsyncDisposableStack()
  const { post } = await start(stack)
  const bad = await post('/optout', { ...wish, values: 'me.jpg"><b>' })
  const page = await bad.text()
  assert.is(bad.status, 400)
  assert.ok(page.includes('role="alert"') && page.includes('me.jpg&quot;&gt;&lt;b&gt;'))
  assert.is((await post('/optout', { ...wish, reason: 'mood' })).status, 400)
  assert.is((await post('/optout', { ...wish, kind: 'person' })).status, 400)
  assert.is((await post('/optout', { ...wish, values: 'x'.repeat(140_000) })).status, 413)
})

test("another site's form is refused, and its scripts read nothing", async () => {
  await using stack = new AsyncDisposableStack()
  const { get, post } = await start(stack)
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1'])
    for (const path of ['/optout', '/collected', `/optout/status/${'a'.repeat(26)}`])
      assert.is((await post(path, wish, { origin })).status, 403, `${origin} ${path}`)
  assert.is((await get('/optout', { method: 'POST', body: new URLSearchParams(wish) })).status, 403)
  const { headers } = await get('/collected', { headers: { origin: 'https://evil.example' } })
  assert.is(headers.get('access-control-allow-origin'), null)
  assert.match((await get('/ipfs/x')).headers.get('access-control-allow-origin')!, /\*/)
})

test('a page asks nothing of other sites, and lets nothing run that is not its own', async () => {
  await using stack = new AsyncDisposableStack()
  const { get } = await start(stack)
  for (const path of ['/', '/collected', '/optout']) {
    const answer = await get(path)
    const page = await answer.text()
    assert.is(answer.status, 200)
    const policy = answer.headers.get('content-security-policy')!
    assert.match(policy, /default-src 'none'/)
    assert.not.match(policy, /unsafe|https?:|\*/)
    assert.not.match(page, /(?:src|href|action)="(?!\/)[^#"]/)
    assert.not.match(page, /<style|style="| on[a-z]+="|<script(?![^>]* src="\/)/)
    for (const [, address] of page.matchAll(/(?:src|href)="(\/[^"]*)"/g))
      assert.is((await get(address!)).status, 200, address)
    assert.is(answer.headers.get('cache-control'), 'no-store')
  }
  for (const name of ['sha2.js', '_md.js', '_u64.js', 'utils.js'])
    assert.match((await get(`/pages/hashes/${name}`)).headers.get('content-type')!, /javascript/)
})

test('what strangers wrote is shown as text', async () => {
  await using stack = new AsyncDisposableStack()
  const evil = `"><script>alert(1)</script><img src=x onerror='a'>&amp;`
  const { post } = await start(stack, [
    {
      text: evil,
      url: `javascript:${evil}`,
      page: evil,
      license: evil,
      signals: [evil],
      match: `pdq${evil}`,
    },
  ])
  const page = await (await post('/collected', { by: 'url', value: evil })).text()
  assert.not.match(page, /<script>|<img|onerror='/)
  assert.ok(page.includes('&lt;script&gt;') && page.includes('&amp;amp;'))
})

test('what is found is told with who, when and which signals, and a way to have it removed', async () => {
  await using stack = new AsyncDisposableStack()
  const { post, asked } = await start(stack, [{}])
  const page = await (await post('/collected', { by: 'domain', value: ' example.org ' })).text()
  for (const told of [
    PHOTO,
    '12D3KooProducer',
    'bafycampaign',
    '2026-01-02',
    'robots.txt: allowed',
    'a red apple',
  ])
    assert.ok(page.includes(told), told)
  assert.ok(page.includes(`value="url ${PHOTO}"`) && page.includes('value="origin photos.example.org"'))
  assert.equal([asked[0]!.kind, asked[0]!.value], ['domain', 'example.org'])
  await post('/collected', { by: 'picture', sha256: 'ab'.repeat(32), pdq: 'cd'.repeat(32) })
  assert.equal(
    asked.slice(1).map(({ kind, value }) => [kind, value]),
    [
      ['hash', 'ab'.repeat(32)],
      ['hash', 'cd'.repeat(32)],
    ],
  )
})

test('so many proofs are looked for at once, and no more', async () => {
  await using stack = new AsyncDisposableStack()
  const gate = Promise.withResolvers<never>()
  gate.promise.catch(() => {})
  let begun = 0
  const { post } = await start(stack, [], () => {
    begun++
    return gate.promise
  })
  const made = await post('/optout', wish)
  const path = made.headers.get('location')!
  const ended: number[] = []
  const all = Array.from({ length: 30 }, () => post(path, {}).then(({ status }) => ended.push(status)))
  await until('the others are refused', () => ended.length === 22)
  assert.equal([begun, new Set(ended)], [8, new Set([503])])
  gate.reject(new Error('enough'))
  await Promise.all(all)
  assert.is((await post(path, {})).status, 500, 'those that are over make room')
})

test('who gives nothing to look up is told in words', async () => {
  await using stack = new AsyncDisposableStack()
  const { post, asked } = await start(stack)
  for (const form of [
    { by: 'domain', value: ' ' },
    { by: 'picture', sha256: '' },
  ]) {
    const answer = await post('/collected', form as unknown as Record<string, string>)
    assert.is(answer.status, 400)
    assert.match(await answer.text(), /role="alert">Say what/)
  }
  assert.equal(asked, [])
})

test('one address asks for so much in an hour, and another for its own', async () => {
  await using stack = new AsyncDisposableStack()
  const { post } = await start(stack)
  const ask = (from: string) => post('/optout', { ...wish, values: 'x' }, { 'x-forwarded-for': from })
  for (let i = 0; i < 12; i++) assert.is((await ask('192.0.2.1')).status, 400)
  const refused = await ask('192.0.2.1')
  assert.is(refused.status, 429)
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  assert.is((await ask('192.0.2.2')).status, 400)
  for (let i = 0; i < 12; i++) await ask(`2001:db8::${i}`)
  assert.is((await ask('2001:db8::ffff')).status, 429, 'a customer has a whole network of IPv6')
})

test('one address names so many things in an hour, in however few requests', async () => {
  await using stack = new AsyncDisposableStack()
  const { post } = await start(stack)
  const values = Array.from({ length: 16 }, (_, i) => `no address ${i}`).join('\n')
  const ask = (from: string) => post('/optout', { ...wish, values }, { 'x-forwarded-for': from })
  for (let i = 0; i < 3; i++) assert.is((await ask('192.0.2.1')).status, 400)
  assert.is((await ask('192.0.2.1')).status, 429)
  assert.is((await ask('192.0.2.2')).status, 400)
})

test.run()
