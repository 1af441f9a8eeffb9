import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page, Response } from 'playwright-core'
import * as assert from 'uvu/assert'

/** A sample may have given its place to another before its picture is asked for. */
const GONE = /404 .*\/api\/samples\/[\da-f]+\.jpg$/
/** Milliseconds, on a busy machine. */
export const WAIT_MS = 30_000
export const VIEWS = ['now', 'pairs', 'network', 'search', 'settings'] as const

/**
 * The dashboard in a window of its own. What it asks of any other machine, and what it complains of, ends the test.
 *
 * @param address - as `shoal dashboard` prints it
 * @param expected - complaints of the browser's own that are none: what the node refuses
 */
export async function withPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
  expected = /^$/,
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  context.setDefaultTimeout(WAIT_MS)
  const { origin } = new URL(address)
  const faults: string[] = []
  try {
    const page = await context.newPage()
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== origin) faults.push(`it asks ${request.url()}`)
    })
    page.on('console', (message) => {
      const said = `${message.text()} ${message.location().url}`
      if (message.type() === 'error' && !expected.test(said) && !GONE.test(said)) faults.push(said)
    })
    page.on('pageerror', (error) => faults.push(error.stack ?? error.message))
    await page.goto(address)
    await use(page)
    assert.equal(faults, [])
  } finally {
    await context.close()
  }
}

/** Go to a view by its link, and wait until it shows what the node told. */
export async function goTo(page: Page, view: (typeof VIEWS)[number]): Promise<void> {
  await page.locator(`nav a[href="#${view}"]`).click()
  await page.locator(`#view-${view}`).waitFor()
  assert.is(await page.locator('nav a[aria-current=page]').getAttribute('href'), `#${view}`)
}

/** What axe finds that keeps people from using a page, or nearly. */
export async function findHindrances(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const found = (await page.evaluate('axe.run(document)')) as axe.AxeResults
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target} ${failureSummary}`),
    )
}

/** What is wider than the screen. */
export async function findWide(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    if (document.documentElement.scrollWidth <= innerWidth) return []
    const isClipped = (element) => element.closest('.scroll, .log, .unseen, .skip') !== null
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.checkVisibility() && !isClipped(element) && element.getBoundingClientRect().right > innerWidth + 1)
      .map((element) => element.tagName + '#' + element.id + '.' + element.className)
      .slice(0, 5)
      .concat('the page is ' + document.documentElement.scrollWidth + ' wide')
  })()`)
}

/** What the scripts of a page of another origin get. */
export async function askFromElsewhere(page: Page, address: string): Promise<unknown> {
  return page.evaluate(`(async () => ({
    peers: await fetch('${address}/api/peers').then(() => 'read', () => 'refused'),
    events: await new Promise((done) => {
      const source = new EventSource('${address}/events')
      source.onmessage = source.onopen = () => done('read')
      source.onerror = () => done('refused')
    }),
  }))()`)
}

/** What a form gets that a page of another origin sends, and the page goes with it. */
export async function postFromElsewhere(page: Page, address: string): Promise<Response> {
  const [posted] = await Promise.all([
    page.waitForResponse(address),
    page.evaluate(`(() => {
      const form = document.createElement('form')
      Object.assign(form, { method: 'POST', action: '${address}' })
      document.body.append(form)
      form.submit()
    })()`),
  ])
  return posted
}
