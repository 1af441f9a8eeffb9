import { Agent, request } from 'undici'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startConnector } from '../../../node/web/connect.ts'
import { FailureError } from '../../../node/web/failure.ts'
import { readHosts } from '../../../node/web/hosts.ts'
import { type Lookup, startLookup } from '../../../node/web/resolve.ts'
import { closing, playSite } from '../images/play-site.ts'

const test = suite('web: connect')

/** Ask by way of the connector alone: the judgement of the URL, before it, is another gate. */
async function ask(
  url: string,
  options: { loopback: boolean; lookup?: Lookup; hosts?: Record<string, string>; connectMs?: number },
) {
  const agent = new Agent({
    connect: startConnector({
      allowed: { loopback: options.loopback },
      lookup: options.lookup ?? (async () => []),
      hosts: readHosts(options.hosts ?? {}),
      connectMs: options.connectMs ?? 20_000,
    }),
  })
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent })
    await body.dump()
    return String(statusCode)
  } catch (error) {
    if (error instanceof FailureError) return `${error.failure.outcome}: ${error.failure.detail}`
    throw error
  } finally {
    await agent.destroy()
  }
}

test('literals are judged although undici looks none of them up', async () => {
  const site = await playSite((_, response) => response.end('x'))
  await closing([site], async () => {
    const spellings = ['127.0.0.1', '2130706433', '0x7f.1', '017700000001', '127.1', '[::ffff:127.0.0.1]']
    for (const host of spellings) {
      assert.match(await ask(`http://${host}:${site.port}/`, { loopback: false }), /^address_refused/, host)
    }
    assert.is(site.connections(), 0)
    for (const host of spellings)
      assert.is(await ask(`http://${host}:${site.port}/`, { loopback: true }), '200', host)
    assert.is(site.connections(), spellings.length)
  })
})

test('a name that leads to a closed address is refused without a packet', async () => {
  const site = await playSite((_, response) => response.end('x'))
  await closing([site], async () => {
    const url = `http://rebound.example:${site.port}/`
    const lookup = async () => ['127.0.0.1', '::1', '10.0.0.1']
    assert.is(await ask(url, { loopback: false, lookup }), 'address_refused: 127.0.0.1')
    assert.is(site.connections(), 0)
    assert.is(await ask(url, { loopback: true, lookup }), '200')
  })
})

test('the address that was judged is the one connected to: one lookup a connection', async () => {
  const site = await playSite((_, response) => response.end('x'))
  await closing([site], async () => {
    let lookups = 0
    // a rebinding name server: the second answer differs
    const lookup = async () => (lookups++ === 0 ? ['127.0.0.1'] : ['10.0.0.1'])
    const url = `http://rebound.example:${site.port}/`
    assert.is(await ask(url, { loopback: true, lookup }), '200')
    assert.is(lookups, 1)
    assert.is(await ask(url, { loopback: true, lookup }), 'address_refused: 10.0.0.1')
    assert.is(site.connections(), 1)
  })
})

test('of several addresses only the open ones are tried', async () => {
  const site = await playSite((_, response) => response.end('x'))
  await closing([site], async () => {
    const lookup = async () => ['10.0.0.1', 'not an address', '127.0.0.1']
    assert.is(await ask(`http://mixed.example:${site.port}/`, { loopback: true, lookup }), '200')
  })
})

test('given hosts lead where they are told, and nobody else does', async () => {
  const site = await playSite((_, response) => response.end('x'))
  await closing([site], async () => {
    const hosts = { 'photos.example': site.address, 'only.example:8081': site.address }
    assert.is(await ask('http://photos.example/', { loopback: false, hosts }), '200')
    assert.is(await ask('http://only.example:8081/', { loopback: false, hosts }), '200')
    assert.is(await ask('http://only.example/', { loopback: false, hosts }), 'fetch_dns: ENODATA')
    assert.is(await ask('http://www.photos.example/', { loopback: false, hosts }), 'fetch_dns: ENODATA')
    assert.match(await ask(`${site.url}/`, { loopback: false, hosts }), /^address_refused/)
    assert.is(site.connections(), 2)
  })
})

test('a name server that fails, says nothing or never answers', async () => {
  const failing = (code: string) => async () => {
    throw Object.assign(new Error(code), { code })
  }
  assert.is(
    await ask('http://a.example/', { loopback: true, lookup: failing('ESERVFAIL') }),
    'fetch_dns: ESERVFAIL',
  )
  assert.is(await ask('http://a.example/', { loopback: true }), 'fetch_dns: ENODATA')
  // undici's own timer keeps no process alive
  const awake = setTimeout(() => {}, 60_000)
  const silent = () => new Promise<string[]>(() => {})
  assert.is(
    await ask('http://a.example/', { loopback: true, lookup: silent, connectMs: 500 }),
    'fetch_connect: UND_ERR_CONNECT_TIMEOUT',
  )
  clearTimeout(awake)
})

test('localhost is this machine, whatever a name server says', async () => {
  let lookups = 0
  const lookup = async () => [`8.8.8.${++lookups}`]
  for (const name of ['localhost', 'a.LOCALHOST.']) {
    assert.is(await ask(`http://${name}/`, { loopback: false, lookup }), 'address_refused: 127.0.0.1')
  }
  assert.is(lookups, 0)
})

test('names that no public name server knows are not asked for', async () => {
  const lookup = startLookup()
  for (const name of [
    'gone.invalid',
    'photos.example',
    'x.test',
    'printer.local',
    'db.internal',
    'abc.onion.',
  ]) {
    try {
      await lookup(name)
      assert.unreachable(name)
    } catch (error) {
      assert.instance(error, FailureError)
      assert.is((error as FailureError).failure.detail, 'ENOTFOUND')
    }
  }
})

test.run()
