/** Takes the pictures of the dashboard in docs/images/: three nodes on this machine share out the demo's crawl. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import sharp from 'sharp'
import { startSites } from '../cli/demo/sites.ts'
import { type Daemon, startDaemon } from '../node/daemon/daemon.ts'
import { serveDashboard } from '../node/dashboard/dashboard.ts'
import { openLog } from '../node/log.ts'
import { findChromium } from './find-chromium.ts'

const IMAGES = fileURLToPath(new URL('../docs/images/', import.meta.url))
/** Each of the demo's archives is cut into so many segments, so that the map has something to show. */
const PARTS = 12
const NODES = 3
/** Milliseconds until the first picture: much is verified by then, and much still to do. */
const WORK_MS = 75_000
/** Milliseconds for a view to be drawn, its bars at rest. */
const DRAW_MS = 2_500
const WIDE = { width: 1280, height: 1240 }
const PHONE = { width: 390, height: 844 }

const executablePath = findChromium()
if (executablePath === undefined) throw new Error('no Chromium is on this machine: name one with CHROMIUM')
await using stack = new AsyncDisposableStack()
const dir = await mkdtemp(join(tmpdir(), 'shoal-screenshots-'))
stack.defer(() => rm(dir, { recursive: true, force: true }))
await mkdir(IMAGES, { recursive: true })
const sites = await startSites()
stack.defer(() => sites.close())
const daemons: Daemon[] = []
for (let i = 0; i < NODES; i++) daemons.push(await startNode(i))
const [first, ...others] = daemons as [Daemon, ...Daemon[]]
const dashboard = await serveDashboard(first, {
  ...{ dataDir: dataDirOf(0), listen: { host: '127.0.0.1', port: 0 }, log: openLog('silent', 'stderr') },
})
stack.defer(() => dashboard.close())
const { campaign } = await first.create({
  ...{ name: 'The demo crawl', contact: 'https://shoal.example/demo', preset: 'laion-5b', model: null },
  ...{ files: sites.archives, kind: 'warc', base: null, parts: PARTS, threshold: null },
  audit: { verifiers: 1, samples: 8 },
})
const [address] = (await first.status()).addresses
for (const daemon of others) await daemon.join(campaign, address!)
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
stack.defer(() => browser.close())
console.log(`Three nodes work for ${WORK_MS / 1000} s.`)
await sleep(WORK_MS)

await take(browser, 'dashboard', 'now', { colorScheme: 'light', viewport: WIDE })
await take(browser, 'dashboard-dark', 'now', { colorScheme: 'dark', viewport: WIDE })
await take(browser, 'dashboard-phone', 'now', { colorScheme: 'light', viewport: PHONE })
await take(browser, 'dashboard-pairs', 'pairs', { colorScheme: 'light', viewport: WIDE })
await take(browser, 'dashboard-network', 'network', { colorScheme: 'dark', viewport: WIDE })

function dataDirOf(number: number): string {
  return join(dir, `node-${number}`)
}

async function startNode(number: number): Promise<Daemon> {
  const dataDir = dataDirOf(number)
  const daemon = await startDaemon({
    ...{ dataDir, log: openLog('info', { file: join(dataDir, 'shoal.log') }), clock: Date.now },
    ...{ threads: 1, segments: 1, hours: null, diskBytes: null, bytesPerSecond: null, model: null },
    ...{ listen: ['/ip4/127.0.0.1/tcp/0'], local: true, peers: [], offline: false },
    ...{ loopback: { hosts: sites.hosts }, contentionMs: 300, syncEveryMs: 1_000 },
    gateway: number === 0 ? { host: '127.0.0.1', port: 0 } : null,
  })
  stack.defer(() => daemon.stop())
  return daemon
}

async function take(
  from: Browser,
  name: string,
  view: string,
  options: { colorScheme: 'light' | 'dark'; viewport: { width: number; height: number } },
): Promise<void> {
  const page: Page = await from.newPage({ ...options, locale: 'en-GB' })
  await page.goto(`${dashboard.address}/#token=${dashboard.token}`)
  await page.locator(`nav a[href="#${view}"]`).click()
  await sleep(DRAW_MS)
  // a segment is in the midst of its pictures
  if (view === 'now') await page.locator('[data-stage=score].flows').waitFor({ timeout: WORK_MS })
  // few machines have fonts for all scripts of the demo, and boxes are no help to a reader
  await page.evaluate(`for (const card of document.querySelectorAll('.sample'))
    if (/\\p{L}/u.test(card.textContent.replace(/\\p{Script=Latin}/gu, ''))) card.remove()`)
  // pictures of the demo's own; here and there one, so that it is seen what a click does
  const pictures = await page.locator('.sample[data-outcome=kept] button.picture').all()
  for (const picture of pictures.slice(0, 3)) await picture.click()
  // the button that was clicked has no ring of the focus
  await page.evaluate('document.activeElement?.blur(); scrollTo(0, 0)')
  await sleep(DRAW_MS)
  const png = await page.screenshot({ caret: 'hide' })
  await page.close()
  const path = join(IMAGES, `${name}.png`)
  await sharp(png).png({ palette: true, quality: 100, effort: 10 }).toFile(path)
  console.log(path)
}
