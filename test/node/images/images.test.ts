import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startImages } from '../../../node/images/images.ts'
import { openWeb } from '../../../node/web/web.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { body, closing, ending, playSite } from './play-site.ts'

const test = suite('images: door')
const userAgent = 'Shoal/0 (+https://shoal.example/contact)'

test('sites given by name are fetched, all else stays closed', async () => {
  const site = await playSite((_, response) => response.end('picture'))
  const web = openWeb({ hosts: { 'Photos.example': site.address } })
  const images = startImages({ threads: 1, userAgent, web })
  await closing([images, web, site], async () => {
    assert.is(body(await images.fetch('http://photos.example/a.png')), 'picture')
    assert.is(ending(await images.fetch(`${site.url}/a.png`)), 'address_refused: 127.0.0.1')
    assert.is(ending(await images.fetch('http://localhost/a.png')), 'address_refused: 127.0.0.1')
    assert.is(ending(await images.fetch('http://gone.example/a.png')), 'fetch_dns: ENOTFOUND')
  })
})

test('a user agent that can not be sent is refused', async () => {
  const web = openWeb()
  const code = (name: string) => {
    try {
      void startImages({ threads: 1, web, userAgent: name }).close()
      return 'none'
    } catch (error) {
      return (error as ShoalError).code
    }
  }
  await closing([web], async () => {
    assert.is(code(userAgent), 'none')
    assert.is(code(''), 'images_user_agent')
    assert.is(code('Shoal\r\nX-Evil: 1'), 'images_user_agent')
  })
})

test.run()
