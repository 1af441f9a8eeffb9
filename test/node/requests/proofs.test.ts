import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startResolveTxt } from '../../../node/requests/requests.ts'
import { openWeb } from '../../../node/web/web.ts'
import { codeOf } from '../with-node.ts'
import { DAY, openBoth } from './open-requests.ts'
import { playDns } from './play-dns.ts'

const test = suite('proofs')
const HOST = 'photos.example.org'
const LOGIN = 'login.example.net'
const PHOTO = `https://${HOST}/me.jpg`

/** A site on loopback that the name leads to, over http alone, and a name server. */
async function play(
  stack: AsyncDisposableStack,
  answer: RequestListener = (_, to) => to.writeHead(404).end(),
) {
  const site = { answer, asked: [] as string[] }
  const server = createServer((request, response) => {
    site.asked.push(`${request.headers.host}${request.url}`)
    site.answer(request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  stack.defer(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  const dns = await playDns({})
  stack.defer(() => dns.close())
  const { port } = server.address() as AddressInfo
  const web = openWeb({
    hosts: { [HOST]: `127.0.0.1:${port}`, [LOGIN]: `127.0.0.1:${port}` },
    lookup: async () => [],
  })
  stack.defer(() => web.close())
  const asks = { limits: { tries: 1 }, politeness: { hostGapMs: 0, backoffMs: 1 } }
  const prover = { web, userAgent: 'Shoal/test', resolveTxt: startResolveTxt([dns.server]), asks }
  return { site, dns, port, ...(await openBoth(stack, prover)) }
}

const site = { kind: 'origin', value: HOST } as const
const wish = { asked: [site], reason: 'rights', contact: null } as const

test('a TXT record proves a site: for 30 days, and at a custodian for good', async () => {
  await using stack = new AsyncDisposableStack()
  const { dns, custodian, other, campaign } = await play(stack)
  for (const [node, fate] of [
    [other, 'hidden'],
    [custodian, 'removed'],
  ] as const) {
    const { request, token, unproven } = await node.requests.ask(wish)
    assert.equal(unproven, [HOST])
    dns.texts[`_shoal.${HOST}`] = ['v=spf1 -all', `shoal-removal=${'a'.repeat(26)}`]
    const before = await node.requests.prove(request)
    assert.equal([before.found[0]!.proof, before.subjects[0]!.fate], ['none', 'waiting'])
    dns.texts[`_shoal.${HOST}`] = ['v=spf1 -all', token]
    const after = await node.requests.prove(request)
    assert.equal([after.found[0]!.proof, after.subjects[0]!.fate, after.unproven], ['dns', fate, []])
    assert.equal((await node.removals.list(campaign)).length, 1)
    const { receipt } = await import('../../../node/requests/requests.ts').then(async (door) =>
      door.readReceiptFile(await node.requests.receipt(request)),
    )
    assert.equal([receipt.subjects[0]!.proof, receipt.subjects[0]!.removals.length], ['dns', 1])
  }
  assert.equal([...new Set(dns.asked)], [`_shoal.${HOST}`])
})

test('a line of the well-known file proves it', async () => {
  await using stack = new AsyncDisposableStack()
  const { site, custodian } = await play(stack)
  const { request, token } = await custodian.requests.ask(wish)
  site.answer = ({ url }, to) =>
    url === '/.well-known/shoal-removal.txt' ? to.end(`# ours\r\n ${token} \r\n`) : to.writeHead(404).end()
  const { found, subjects } = await custodian.requests.prove(request)
  assert.equal([found[0]!.proof, subjects[0]!.fate], ['well-known', 'removed'])
})

test('a file elsewhere, an endless one and one of another request prove nothing', async () => {
  await using stack = new AsyncDisposableStack()
  const { site, custodian, port } = await play(stack)
  const { request, token } = await custodian.requests.ask(wish)
  const answers: RequestListener[] = [
    (_, to) => to.writeHead(302, { location: `http://127.0.0.1:${port}/x` }).end(),
    (_, to) => to.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
    (_, to) => to.end(`${'\n'.repeat(70_000)}${token}`),
    (_, to) => to.end(`shoal-removal=${'a'.repeat(26)}\nx${token}\n${token}x`),
    (_, to) => to.writeHead(404).end(token),
  ]
  for (const answer of answers) {
    site.answer = (asked, to) =>
      asked.url === '/.well-known/shoal-removal.txt' ? answer(asked, to) : to.writeHead(404).end()
    assert.is((await custodian.requests.prove(request)).found[0]!.proof, 'none')
  }
  assert.not.ok(site.asked.some((one) => one.startsWith('127.') || one.startsWith('169.')))
})

test('a site that refuses by now proves itself; one that refuses a folder does not', async () => {
  await using stack = new AsyncDisposableStack()
  const { site, custodian } = await play(stack)
  let robots = 'User-agent: *\nDisallow: /me.jpg\nDisallow: /$\n'
  site.answer = ({ url }, to) => (url === '/robots.txt' ? to.end(robots) : to.writeHead(404).end())
  const whole = await custodian.requests.ask(wish)
  assert.is((await custodian.requests.prove(whole.request)).found[0]!.proof, 'none')
  const one = await custodian.requests.ask({ ...wish, asked: [{ kind: 'url', value: PHOTO }] })
  const picture = await custodian.requests.prove(one.request)
  assert.equal([picture.found[0]!.proof, picture.subjects[0]!.fate], ['recheck', 'removed'])
  assert.match(picture.found[0]!.said.recheck, /robots\.txt/)
  robots = 'User-agent: GPTBot\nDisallow: /\n'
  assert.is((await custodian.requests.prove(whole.request)).found[0]!.proof, 'recheck')
})

test('a site that sends elsewhere does not refuse what refuses there', async () => {
  await using stack = new AsyncDisposableStack()
  const { site, custodian } = await play(stack)
  let robotsAt = 'none'
  site.answer = ({ url, headers }, to) => {
    if (url !== '/robots.txt') to.writeHead(302, { location: `http://${LOGIN}/login` }).end()
    else if (headers.host === LOGIN) to.end('User-agent: *\nDisallow: /\n')
    else if (robotsAt === 'none') to.writeHead(404).end()
    else to.writeHead(301, { location: `http://${LOGIN}/robots.txt` }).end()
  }
  const { request } = await custodian.requests.ask(wish)
  const { found, subjects } = await custodian.requests.prove(request)
  assert.equal([found[0]!.proof, subjects[0]!.fate], ['none', 'waiting'], found[0]!.said.recheck)
  robotsAt = LOGIN
  assert.is(
    (await custodian.requests.prove(request)).found[0]!.proof,
    'recheck',
    'its robots.txt may lie there',
  )
})

test('a robots.txt that can not be had is no word of the owner', async () => {
  await using stack = new AsyncDisposableStack()
  const { site, custodian } = await play(stack)
  site.answer = (_, to) => to.writeHead(403).end()
  const { request } = await custodian.requests.ask(wish)
  site.answer = ({ url }, to) => to.writeHead(url === '/robots.txt' ? 501 : 404).end()
  assert.is((await custodian.requests.prove(request)).found[0]!.proof, 'none')
})

test('a request makes the node ask nothing that is not public', async () => {
  await using stack = new AsyncDisposableStack()
  const { custodian, site, dns, port } = await play(stack)
  for (const host of ['127.0.0.1', `127.0.0.1:${port}`, '[::1]', '169.254.169.254', '10.0.0.1', '0x7f.1']) {
    const asked = [{ kind: 'origin', value: host }] as const
    const { request } = await custodian.requests.ask({ ...wish, asked })
    const { found } = await custodian.requests.prove(request)
    assert.is(found[0]!.proof, 'none', host)
  }
  for (const host of ['printer.local', 'vault.internal', 'site.onion'])
    await custodian.requests.prove(
      (await custodian.requests.ask({ ...wish, asked: [{ kind: 'origin', value: host }] })).request,
    )
  assert.equal([site.asked, dns.asked], [[], []])
  assert.is(
    await codeOf(custodian.requests.ask({ ...wish, asked: [{ kind: 'origin', value: 'intranet' }] })),
    'request_subject',
  )
})

test('of many pictures of a host its files are read once, and none is read whole', async () => {
  await using stack = new AsyncDisposableStack()
  const { site, dns, custodian } = await play(stack)
  let sent = 0
  site.answer = ({ url }, to) => {
    if (!url!.endsWith('.jpg')) return to.writeHead(404).end()
    to.writeHead(200, { 'content-type': 'image/jpeg' })
    const part = Buffer.alloc(64 * 1024)
    const send = () => {
      if (to.destroyed || to.writableEnded) return
      sent += part.length
      if (sent > 64 * 1024 * 1024) to.end()
      else if (to.write(part)) setImmediate(send)
      else to.once('drain', send)
    }
    send()
  }
  const asked = Array.from({ length: 8 }, (_, i) => ({
    ...({ kind: 'url', value: `https://${HOST}/${i}.jpg` } as const),
  }))
  const { request } = await custodian.requests.ask({ ...wish, asked })
  const { found } = await custodian.requests.prove(request)
  assert.equal(
    found.map(({ proof }) => proof),
    asked.map(() => 'none'),
  )
  const counts = new Map<string, number>()
  for (const one of site.asked) counts.set(one, (counts.get(one) ?? 0) + 1)
  assert.equal(
    [...counts].filter(([, count]) => count > 1),
    [],
    'each address is asked for once',
  )
  assert.equal(dns.asked, [`_shoal.${HOST}`])
  // sockets hold some
  assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes`)
})

test('what is proven and not confirmed is renewed as long as the proof holds', async () => {
  await using stack = new AsyncDisposableStack()
  const { dns, other, openNode, time, campaign } = await play(stack)
  const { request, token } = await other.requests.ask(wish)
  dns.texts[`_shoal.${HOST}`] = [token]
  await other.requests.prove(request)
  await other.close()
  time.now += 28 * DAY
  const again = await openNode(1)
  await again.requests.look()
  const renewed = await again.requests.status(request)
  assert.equal([renewed.subjects[0]!.fate, renewed.subjects[0]!.until], ['hidden', time.now + 30 * DAY])
  time.now += 28 * DAY
  dns.texts[`_shoal.${HOST}`] = []
  await again.requests.look()
  assert.is((await again.requests.status(request)).subjects[0]!.until, time.now + 2 * DAY)
  time.now += 100 * DAY
  await again.requests.look()
  assert.is((await again.removals.inForce(campaign)).subjects.origin.length, 0)
})

test.run()
