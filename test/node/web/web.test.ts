import { request } from 'undici'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Web } from '../../../node/components.ts'
import { describeError, openWeb, type WebOptions } from '../../../node/web/web.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { closing, playSite } from '../images/play-site.ts'

const test = suite('web')

/** Status of an answer, or why there is none. */
async function ask(web: Web, url: string): Promise<string> {
  try {
    const { statusCode, body } = await request(url, { dispatcher: web.dispatcher })
    await body.dump()
    return String(statusCode)
  } catch (error) {
    const { outcome, detail } = describeError(error)
    return `${outcome}: ${detail}`
  }
}

async function withWeb<T>(options: WebOptions, test: (web: Web) => Promise<T>): Promise<T> {
  const web = openWeb(options)
  return closing([web], () => test(web))
}

test('the dispatcher alone refuses what is closed, without a packet', async () => {
  const site = await playSite((_, response) => response.end('secret'))
  await closing([site], async () => {
    await withWeb({ lookup: async () => ['127.0.0.1'] }, async (web) => {
      assert.is(await ask(web, `${site.url}/a`), 'address_refused: 127.0.0.1')
      assert.is(await ask(web, 'http://photos.example/a'), 'address_refused: 127.0.0.1')
      assert.is(await ask(web, 'http://localhost/a'), 'address_refused: 127.0.0.1')
      assert.is(await ask(web, 'http://photos.example:8080/a'), 'address_refused: port 8080')
      assert.is(await ask(web, 'http://[fe80::1]//8.8.8.8/a'), 'address_refused: fe80::1')
      assert.is(site.connections(), 0)
    })
  })
})

test('a path that looks like a host is a path', async () => {
  const site = await playSite((request, response) => response.end(request.url))
  await closing([site], () =>
    withWeb({ hosts: { 'photos.example': site.address } }, async (web) => {
      assert.is(await ask(web, 'http://photos.example//10.0.0.1/a'), '200')
      assert.equal(
        site.asked.map(({ path }) => path),
        ['//10.0.0.1/a'],
      )
    }),
  )
})

test('what a person asks for by hand may be anywhere, and goes where names are said to lead', async () => {
  const site = await playSite((_, response) => response.end('mine'))
  await closing([site], async () => {
    const mine = { allow: { anywhere: true } }
    await withWeb(mine, async (web) => {
      assert.is(await ask(web, `${site.url}/a`), '200')
      assert.is(await ask(web, `http://localhost:${site.port}/a`), '200')
      assert.instance(web.judge('http://10.0.0.1:8080/'), URL)
      assert.not.instance(web.judge('file:///etc/passwd'), URL)
    })
    await withWeb(
      { ...mine, hosts: { 'archive.example': site.address }, lookup: async () => [] },
      async (web) => {
        assert.is(await ask(web, 'http://archive.example:9/a'), '200')
        assert.is(await ask(web, 'http://other.example/a'), 'fetch_dns: ENODATA')
      },
    )
  })
})

test('hosts that lead to no IP address are refused by name', async () => {
  const code = (hosts: Record<string, string>) => {
    try {
      void openWeb({ hosts }).close()
      return 'none'
    } catch (error) {
      return (error as ShoalError).code
    }
  }
  for (const to of [
    ...['', 'photos.example:80', '127.0.0.1:x', '127.0.0.1/a', 'me@127.0.0.1', '127.1:80', '::1'],
    ...['127.0.0.1:0', '127.0.0.1:99999'],
  ])
    assert.is(code({ 'a.example': to }), 'images_hosts', to)
  assert.is(code({ 'a.example': '127.0.0.1:80', 'b.example:443': '[::1]:8443', c: '127.0.0.1' }), 'none')
})

test.run()
