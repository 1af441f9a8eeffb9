import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openWeb } from '../../../node/web/web.ts'
import { closing, playSite } from '../images/play-site.ts'

const test = suite('web: a limit that changes')
const BYTES = 600_000

test('another limit holds at once, also for what waits by the old one', async () => {
  const site = await playSite((_, response) => response.end(Buffer.alloc(BYTES)))
  const web = openWeb({ allow: { loopback: true } })
  /** @returns milliseconds */
  async function load(): Promise<number> {
    const start = performance.now()
    const { body } = await request(site.url, { dispatcher: web.dispatcher })
    assert.is((await body.bytes()).length, BYTES)
    return performance.now() - start
  }
  await closing([web, site], async () => {
    assert.is(web.bytesPerSecond(), null)
    await load()
    web.limit(1_000_000)
    assert.is(web.bytesPerSecond(), 1_000_000)
    const limited = await load()
    assert.ok(limited > 300, `${limited.toFixed(0)} ms with a limit`)
    // by this one it would take ten minutes
    web.limit(1_000)
    const waiting = load()
    await sleep(200)
    const lifted = performance.now()
    web.limit(null)
    await waiting
    assert.ok(performance.now() - lifted < 5_000)
  })
})

test.run()
