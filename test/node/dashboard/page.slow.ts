import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Daemon } from '../../../node/daemon/daemon.ts'
import type { Dashboard } from '../../../node/dashboard/dashboard.ts'
import { findChromium } from '../../../scripts/find-chromium.ts'
import { until } from '../network/start-node.ts'
import {
  askFromElsewhere,
  findHindrances,
  findWide,
  goTo,
  postFromElsewhere,
  VIEWS,
  WAIT_MS,
  withPage,
} from './open-page.ts'
import { playDashboard } from './play-dashboard.ts'

/** The dashboard in a browser, on a node that works on a crawl that is played on this machine. */
const test = suite("the dashboard's page in a browser")
const stack = new AsyncDisposableStack()
const executablePath = findChromium()
/** More than are done while it is looked at. */
const SEGMENTS = 400
/** Markup, if anything takes it for that. */
const NAME = '<img src=x onerror=alert(1)> & <b>friends</b>'

let daemon: Daemon
let dashboard: Dashboard
let browser: Browser

if (executablePath === undefined)
  console.log('SKIPPED: the dashboard in a browser: no Chromium is on this machine (CHROMIUM names one)')
else {
  test.before(async () => {
    ;({ daemon, dashboard } = await playDashboard(stack, { name: NAME, segments: SEGMENTS }))
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--host-resolver-rules=MAP rebound.example 127.0.0.1'],
    })
    stack.defer(() => browser.close())
  })
  test.after.each(() => daemon.resume())
  test.after(() => stack.disposeAsync())

  const keyed = () => `${dashboard.address}/#token=${dashboard.token}`
  const stateOf = async (page: Page) => page.locator('#state').textContent()
  const isState = (page: Page, state: string) =>
    until(`it says ${state}`, async () => (await stateOf(page)) === state, WAIT_MS)

  test('the work is shown as it goes on, and strangers’ markup as words', async () => {
    await withPage(browser, keyed(), {}, async (page) => {
      await page.getByRole('heading', { level: 1, name: /^Working on segment \d+ of/ }).waitFor()
      assert.match((await page.locator('#headline').textContent())!, NAME)
      assert.is(await page.locator('b').count(), 0)
      assert.not(page.url().includes('token'), 'the key is taken out of the address')
      const scored = page.locator('[data-stage=score] .value')
      const seen = new Set<string>()
      await until(
        'pairs are scored, now more, now fewer',
        async () => {
          const [text] = await scored.allTextContents()
          if (Number(text!.replace(',', '')) > 0) seen.add(text!)
          return seen.size >= 2
        },
        WAIT_MS,
      )
      await page.locator('#machine dt', { hasText: 'Scoring on the CPU' }).waitFor()
      await page.locator('#work li').first().waitFor()
      assert.match(await page.title(), /^Working – Shoal$/)
    })
  })

  test('the map of segments, by arrow keys, and what its states count', async () => {
    await withPage(browser, keyed(), {}, async (page) => {
      const map = page.getByRole('slider', { name: 'Segments of the campaign' })
      await map.focus()
      for (const key of ['Home', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key)
      assert.match((await map.getAttribute('aria-valuetext'))!, /^Segment 2: [a-z ]+$/)
      assert.is(await page.locator('#map-read').textContent(), await map.getAttribute('aria-valuetext'))
      await page.keyboard.press('End')
      assert.match((await map.getAttribute('aria-valuetext'))!, new RegExp(`^Segment ${SEGMENTS - 1}: `))
      const counts = (await page.locator('#legend .number').allTextContents()).map(Number)
      assert.is(
        counts.reduce((sum, count) => sum + count),
        SEGMENTS,
      )
      await map.hover({ position: { x: 3, y: 3 } })
      assert.match((await page.locator('#map-read').textContent())!, /^Segment 0: /)
    })
  })

  test('history by hour, day and month, and as a table', async () => {
    await withPage(browser, keyed(), {}, async (page) => {
      await page.locator('.plot .line[d^=M]').first().waitFor({ state: 'attached' })
      assert.is(await page.locator('.plot svg[role=img]').count(), 6)
      await page.getByText('As a table').click()
      await page.locator('#history-table tbody tr').first().waitFor()
      for (const span of ['Day', 'Month']) {
        const [response] = await Promise.all([
          page.waitForResponse(/api\/history/),
          page.getByRole('radio', { name: span }).check(),
        ])
        assert.match(response.url(), new RegExp(`span=${span.toLowerCase()}`))
      }
    })
  })

  test('pictures are blurred until Enter shows them, and blurred again', async () => {
    await withPage(browser, keyed(), {}, async (page) => {
      await goTo(page, 'pairs')
      const picture = page.getByRole('button', { name: /^Show the picture: a drawing of an / }).first()
      await picture.waitFor()
      // a sample may give its place to another at any time
      daemon.pause()
      await isState(page, 'Paused')
      const blur = () =>
        page.evaluate<string>("getComputedStyle(document.querySelector('button.picture img')).filter")
      assert.match(await blur(), /blur/)
      await picture.focus()
      await page.keyboard.press('Enter')
      await until('it is seen', async () => (await blur()) === 'none', WAIT_MS)
      assert.is(await picture.getAttribute('aria-pressed'), 'true')
      await page.keyboard.press('Enter')
      await until('it is blurred', async () => /blur\(2/.test(await blur()), WAIT_MS)
      await page.getByRole('radio', { name: 'Dropped' }).check()
      assert.is(await page.locator('.sample[data-outcome=kept]').count(), 0)
    })
  })

  test('pause and resume', async () => {
    await withPage(browser, keyed(), {}, async (page) => {
      await isState(page, 'Working')
      await page.getByRole('button', { name: 'Pause' }).click()
      await isState(page, 'Paused')
      assert.is((await daemon.status()).state, 'paused')
      await page.getByRole('heading', { level: 1, name: 'Paused' }).waitFor()
      await page.getByRole('button', { name: 'Resume' }).click()
      await isState(page, 'Working')
    })
  })

  test('limits are set, and told where they are not allowed', async () => {
    await withPage(
      browser,
      keyed(),
      {},
      async (page) => {
        await goTo(page, 'settings')
        await until('limits are shown', async () => (await page.inputValue('#segments')) === '1', WAIT_MS)
        await page.fill('#bandwidth', '2.5')
        await page.fill('#disk', '20')
        await page.getByRole('button', { name: 'Set limits' }).click()
        await page.getByText('They hold until the node stops.').waitFor()
        const { limits } = await daemon.status()
        assert.equal([limits.bytesPerSecond, limits.diskBytes], [2_500_000, 20_000_000_000])
        await page.fill('#disk', '0.002')
        await page.evaluate("document.getElementById('limits').noValidate = true")
        await page.getByRole('button', { name: 'Set limits' }).click()
        await page.getByText(/diskBytes: .*at least/).waitFor()
      },
      /400 .*api.limits$/,
    )
    daemon.limit({ bytesPerSecond: null, diskBytes: null })
  })

  test('search, and the page where people opt out', async () => {
    await until('a shard is done', async () => (await daemon.status()).produced > 0, 2 * WAIT_MS)
    await withPage(browser, keyed(), {}, async (page) => {
      await goTo(page, 'search')
      await page.getByRole('searchbox').fill('an anchor')
      await page.keyboard.press('Enter')
      await page.locator('#hits li').first().waitFor()
      assert.match((await page.locator('#hits .text').first().textContent())!, /anchor/)
      assert.match((await page.locator('#search-said').textContent())!, /pairs in .* shards?, the best first/)
      const href = await page.getByRole('link', { name: 'Have something removed' }).getAttribute('href')
      const gateway = await (await page.context().newPage()).goto(href!)
      assert.is(gateway!.status(), 200)
      assert.match(await gateway!.text(), /<form/)
    })
  })

  test('peers, audits, standing, shards and the log have their places', async () => {
    await withPage(browser, keyed(), {}, async (page) => {
      await goTo(page, 'network')
      await page.locator('#shards tbody tr').first().waitFor()
      assert.match((await page.locator('#shards tbody').textContent())!, /you/)
      for (const id of ['peers', 'standing', 'standings', 'audits'])
        assert.ok((await page.locator(`#${id}`).textContent())!.length > 10, id)
      await goTo(page, 'settings')
      await page.locator('#log li').first().waitFor()
    })
  })

  test('axe finds nothing serious, light or dark; nothing is wider than a phone', async () => {
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [320, 1280])
        await withPage(browser, keyed(), { viewport: { width, height: 760 }, colorScheme }, async (page) => {
          for (const view of VIEWS) {
            await goTo(page, view)
            if (view === 'network') await page.locator('#shards tr').first().waitFor()
            if (view === 'now') await page.locator('.plot svg').first().waitFor()
            assert.equal(await findWide(page), [], `${view} ${width}`)
            assert.equal(await findHindrances(page), [], `${view} ${width} ${colorScheme}`)
          }
        })
  })

  test('the other theme is chosen, and remembered', async () => {
    await withPage(browser, keyed(), { colorScheme: 'light' }, async (page) => {
      const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
      const light = await ground()
      await page.getByRole('button', { name: 'Dark' }).click()
      const dark = await ground()
      assert.is.not(dark, light)
      await page.reload()
      assert.is(await ground(), dark)
      assert.is(await page.getByRole('button', { name: 'Dark' }).getAttribute('aria-pressed'), 'true')
    })
  })

  test('with the keyboard alone, and nothing that moves where nothing is to', async () => {
    await withPage(browser, keyed(), { reducedMotion: 'reduce' }, async (page) => {
      const focused = () => page.evaluate('document.activeElement.textContent.trim()')
      await page.keyboard.press('Tab')
      assert.is(await focused(), 'Skip to the content')
      for (let i = 0; (await focused()) !== 'Settings'; i++) {
        assert.ok(i < 10)
        await page.keyboard.press('Tab')
      }
      await page.keyboard.press('Enter')
      await page.locator('#view-settings').waitFor()
      await page.keyboard.press('Tab')
      const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
      assert.is(outline, 'solid')
      const moving = await page.evaluate(
        "document.getAnimations().filter((one) => one.playState === 'running').length",
      )
      assert.is(moving, 0)
    })
  })

  test('without the key one may look on, and is told what to do', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    page.setDefaultTimeout(WAIT_MS)
    await page.goto(dashboard.address)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('alert').getByText('shoal dashboard').waitFor()
    assert.is((await daemon.status()).state, 'working')
    // the address with the key, in the same window
    await page.goto(keyed())
    await page.getByRole('button', { name: 'Pause' }).click()
    await isState(page, 'Paused')
    await context.close()
  })

  test('a page of another origin is refused, by whatever name it asks', async () => {
    const foreign = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>foreign</title>')
    })
    await once(foreign.listen(0, '127.0.0.1'), 'listening')
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      await page.goto(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`)
      assert.equal(await askFromElsewhere(page, dashboard.address), { peers: 'refused', events: 'refused' })
      const posted = await postFromElsewhere(page, `${dashboard.address}/api/pause`)
      assert.is(posted.status(), 403)
      assert.match(await posted.text(), /dashboard_origin/)
      assert.is((await daemon.status()).state, 'working')
      const rebound = await page.goto(`http://rebound.example:${new URL(dashboard.address).port}/`)
      assert.is(rebound!.status(), 403)
      assert.match(await rebound!.text(), /dashboard_host/)
    } finally {
      await context.close()
      foreign.close()
    }
  })

  // the last one
  test('when the node ends, the page says so', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    page.setDefaultTimeout(WAIT_MS)
    await page.goto(keyed())
    await isState(page, 'Working')
    void daemon.stop()
    await page.getByRole('alert').getByText('The node has stopped.').waitFor()
    assert.is(await stateOf(page), 'Stopped')
    await context.close()
  })
}

test.run()
