import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startImages } from '../../../node/images/images.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { body, closing, ending, playSite } from './play-site.ts'

const test = suite('images: door')
const userAgent = 'Shoal/0 (+https://shoal.example/contact)'

test('sites given by name are fetched, all else stays closed', async () => {
  const site = await playSite((_, response) => response.end('picture'))
  const images = startImages({ threads: 1, userAgent, hosts: { 'Photos.example': site.address } })
  await closing([images, site], async () => {
    assert.is(body(await images.fetch('http://photos.example/a.png')), 'picture')
    assert.is(ending(await images.fetch(`${site.url}/a.png`)), 'address_refused: 127.0.0.1')
    assert.is(ending(await images.fetch('http://localhost/a.png')), 'address_refused: 127.0.0.1')
    assert.is(ending(await images.fetch('http://gone.example/a.png')), 'fetch_dns: ENOTFOUND')
  })
})

test('options that can not work are refused with their names', () => {
  const code = (options: Partial<Parameters<typeof startImages>[0]>) => {
    try {
      void startImages({ threads: 1, userAgent, ...options }).close()
      return 'none'
    } catch (error) {
      return (error as ShoalError).code
    }
  }
  assert.is(code({ userAgent: '' }), 'images_user_agent')
  assert.is(code({ userAgent: 'Shoal\r\nX-Evil: 1' }), 'images_user_agent')
  for (const to of [
    '',
    'photos.example:80',
    '127.0.0.1:x',
    '127.0.0.1/a',
    'me@127.0.0.1',
    '127.1:80',
    '::1',
    '127.0.0.1:0',
    '127.0.0.1:99999',
  ]) {
    assert.is(code({ hosts: { 'a.example': to } }), 'images_hosts', to)
  }
  assert.is(
    code({ hosts: { 'a.example': '127.0.0.1:80', 'b.example:443': '[::1]:8443', c: '127.0.0.1' } }),
    'none',
  )
})

test.run()
