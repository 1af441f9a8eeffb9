import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Daemon, startDaemon } from '../../../node/daemon/daemon.ts'
import { openLog } from '../../../node/log.ts'
import { until } from '../network/start-node.ts'
import { addressOf, crawlPictures, fileOf, PICTURES } from '../search/picture-crawl.ts'

const test = suite("the gateway's pages in a browser")
/** Where systems put it, and where somebody says that it is. */
const PLACES = [
  process.env.CHROMIUM,
  ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(
    (name) => `/usr/bin/${name}`,
  ),
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]
const executablePath = PLACES.find((place) => place !== undefined && existsSync(place))
const WAIT_MS = 30_000

let dir = ''
let daemon: Daemon
let browser: Browser
let gateway = ''

if (executablePath === undefined)
  console.log('SKIPPED: the pages in a browser: no Chromium is on this machine (CHROMIUM names one)')
else {
  test.before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'shoal-pages-'))
    const dataDir = join(dir, 'data')
    await crawlPictures(dir, dataDir, 'first.warc.gz', PICTURES)
    daemon = await startDaemon({
      ...{ dataDir, log: openLog('silent', 'stderr'), clock: Date.now, threads: 1, segments: 1 },
      ...{ hours: null, diskBytes: null, bytesPerSecond: null, model: null, offline: false },
      ...{ listen: ['/ip4/127.0.0.1/tcp/0'], local: true, peers: [], loopback: { hosts: {} } },
      gateway: { host: '127.0.0.1', port: 0 },
    })
    gateway = (await daemon.status()).gateway!
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  })
  test.after(async () => {
    await browser?.close()
    await daemon?.stop()
    await rm(dir, { recursive: true, force: true })
  })

  test('a picture is hashed in the browser, found smaller and compressed again, and removed', async () => {
    const copy = join(dir, 'copy.jpg')
    const picture = sharp(await readFile(fileOf(PICTURES['a penguin'])))
    await writeFile(copy, await picture.resize(300).jpeg({ quality: 60 }).toBuffer())
    await withPage({}, async (page, sent) => {
      await page.goto(`${gateway}/collected`)
      assert.ok(await page.locator('#picture button').isDisabled())
      await page.setInputFiles('#file', copy)
      await page.locator('#picture button:not([disabled])').waitFor()
      sent.length = 0
      await page.locator('#picture button').click()
      await page.getByRole('heading', { level: 1, name: /found$/ }).waitFor()
      assert.match(
        (await page.locator('article').first().textContent())!,
        new RegExp(addressOf(PICTURES['a penguin'])),
      )
      assert.equal(sent.length, 1)
      assert.match(sent[0]!, /^by=picture&sha256=[0-9a-f]{64}&pdq=[0-9a-f]{64}$/)
      assert.ok((await stat(copy)).size > sent[0]!.length * 10)

      const found = page.locator('article').first()
      await found.locator('summary').click()
      await found.getByRole('button', { name: 'Ask for it to be removed' }).click()
      await page.waitForURL(/\/optout\/status\/[a-z2-7]{26}\?key=[a-z2-7]{26}$/)
      assert.match((await page.locator('main').textContent())!, /Hidden until \d{4}-\d\d-\d\d/)
      const [download] = await Promise.all([
        page.waitForEvent('download', { timeout: WAIT_MS }),
        page.getByRole('link', { name: /receipt/ }).click(),
      ])
      assert.match(download.suggestedFilename(), /^shoal-receipt-[a-z2-7]{26}\.json$/)
      await until(
        'it is found no more',
        async () => {
          await lookUp(page, 'url', addressOf(PICTURES['a penguin']))
          return (await page.locator('h1').textContent()) === 'Nothing was found'
        },
        60_000,
      )
    })
  })

  test('without scripts it all works, but for the hashing, which is said', async () => {
    await withPage({ javaScriptEnabled: false }, async (page) => {
      await page.goto(`${gateway}/collected`)
      assert.match((await page.locator('#picture').textContent())!, /needs JavaScript.*sha256sum/s)
      assert.ok(await page.locator('#file').isDisabled())
      await lookUp(page, 'domain', 'pages.example')
      assert.match((await page.locator('h1').textContent())!, /found$/)
      await page.goto(`${gateway}/optout`)
      await page.selectOption('#kind', 'origin')
      await page.fill('#values', 'photos.example.org')
      await page.selectOption('#reason', 'rights')
      await page.getByRole('button').click()
      await page.waitForURL(/\/optout\/status\//)
      const said = (await page.locator('main').textContent())!
      assert.match(said, /Nothing is hidden yet/)
      assert.match(said, /_shoal\.photos\.example\.org.*shoal-removal=[a-z2-7]{26}/s)
      await page.getByRole('button', { name: 'Look for the proof now' }).click()
      await page.getByRole('heading', { name: 'photos.example.org: no proof was found' }).waitFor()
    })
  })

  test('with the keyboard alone', async () => {
    await withPage({}, async (page) => {
      await page.goto(`${gateway}/collected`)
      const focused = () => page.evaluate('document.activeElement.id || document.activeElement.textContent')
      await page.keyboard.press('Tab')
      assert.is(await focused(), 'Skip to the content')
      for (let i = 0; (await focused()) !== 'value'; i++) {
        assert.ok(i < 10, 'the field is reached')
        await page.keyboard.press('Tab')
      }
      const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
      assert.is(outline, 'solid', 'what has the focus is seen')
      await page.keyboard.type('pages.example')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: /found$/ }).waitFor()
      await page.locator('summary').first().focus()
      await page.keyboard.press('Enter')
      assert.ok(await page.locator('article input[type=radio]').first().isVisible())
    })
  })

  test('readable on a phone, light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const)
      await withPage({ viewport: { width: 320, height: 640 }, colorScheme }, async (page) => {
        for (const path of ['/', '/collected', '/optout']) {
          await page.goto(`${gateway}${path}`)
          await assertReadable(page, `${colorScheme} ${path}`)
        }
        await lookUp(page, 'domain', 'pages.example')
        await page.locator('summary').first().click()
        await assertReadable(page, `${colorScheme} found`)
      })
  })
}

/** Nothing is wider than the screen, text has the contrast of WCAG 2.2, 1.4.3, and what is pressed is large enough. */
async function assertReadable(page: Page, where: string): Promise<void> {
  const faults = await page.evaluate(`(() => {
    const faults = []
    if (document.documentElement.scrollWidth > innerWidth) faults.push('it is wider than the screen')
    const light = (text) => {
      const [r, g, b] = text.match(/[\\d.]+/g).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const { backgroundColor } = getComputedStyle(at)
        if (!/^rgba\\(.*, 0\\)$/.test(backgroundColor)) return backgroundColor
      }
      return 'rgb(255, 255, 255)'
    }
    for (const element of document.querySelectorAll('p, dt, dd, a, label, legend, h1, h2, summary, button, code')) {
      if (element.disabled || !element.checkVisibility()) continue
      const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x)
      if ((a + 0.05) / (b + 0.05) < 4.5) faults.push(element.tagName + ' ' + element.textContent.slice(0, 40))
    }
    for (const element of document.querySelectorAll('button, input:not([type=hidden], [type=radio]), select, textarea'))
      if (element.checkVisibility() && element.getBoundingClientRect().height < 40) faults.push('small ' + element.outerHTML.slice(0, 60))
    for (const element of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
      if (!element.labels.length) faults.push('no label ' + element.outerHTML.slice(0, 60))
    return faults
  })()`)
  assert.equal(faults, [], where)
}

async function lookUp(page: Page, by: string, value: string): Promise<void> {
  await page.goto(`${gateway}/collected`)
  await page.selectOption('#by', by)
  await page.fill('#value', value)
  await page.locator('#words button').click()
  await page.locator('[role=status]').first().waitFor()
}

/** A page on its own, which may ask the gateway alone; what its forms send is kept. Faults in the console end the test. */
async function withPage(
  options: Parameters<Browser['newContext']>[0],
  use: (page: Page, sent: string[]) => Promise<void>,
): Promise<void> {
  const context: BrowserContext = await browser.newContext(options)
  context.setDefaultTimeout(WAIT_MS)
  const page = await context.newPage()
  const sent: string[] = []
  const faults: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(gateway)) faults.push(`it asks ${request.url()}`)
    const data = request.postData()
    if (data !== null) sent.push(data)
  })
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(error.message))
  try {
    await use(page, sent)
    assert.equal(faults, [])
  } finally {
    await context.close()
  }
}

test.run()
