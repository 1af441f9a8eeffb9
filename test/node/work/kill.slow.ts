import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from '@ipld/dag-cbor'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CrawlResult, Page } from '../../../node/components.ts'
import { openStore, orderedKey } from '../../../node/store/store.ts'
import type { Orders } from './crawl-driver.ts'
import { type MadeCrawl, makeCrawl, playWeb } from './made-crawl.ts'
import { ordersFor, runDriver } from './run-driver.ts'

const kill = suite('kill -9')
let dir = ''
let made: MadeCrawl
let undisturbed: CrawlResult

kill.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-kill-'))
  made = makeCrawl(8)
  await writeFile(join(dir, 'made.warc.gz'), made.warc)
  const web = await playWeb()
  const told = await runDriver(orders('undisturbed', web.hosts))
  await web.close()
  assert.is(web.requests().size, made.fetched)
  undisturbed = told?.results[0] as CrawlResult
  assert.is(undisturbed.candidates, made.candidates)
  assert.ok(undisturbed.pairs > 10)
})

kill.after(() => rm(dir, { recursive: true, force: true }))

kill('at every step from reading to clearing, and at random moments', async () => {
  const [some = 0, more = 0] = pickNumbers(1, 2, 12)
  const steps = [
    ...[at('batch archived pages', 1, 'after'), at('put runs', 1, 'after'), at('seen', 3, 'after')],
    ...[at('put outcomes', some, 'before'), at('put outcomes', more, 'after')],
    ...[at('progress write', 1, 'after'), at('rename', 3, 'after')],
    ...[at('batch heads shards', 1, 'before'), at('batch heads shards', 1, 'after')],
    ...[at('put runs', 1, 'after'), at('clear archived', 1, 'before')],
  ]
  const moments = pickNumbers(7, 3, 1_500).map((ms) => 700 + ms)
  // side by side, for each waits for the starts of its processes most of the time
  const deaths = await Promise.all([crawlKilled('steps', steps), crawlKilled('moments', moments)])
  assert.is(deaths[0], steps.length)
  assert.ok(deaths[1] > 0)
})

/**
 * Crawls, is killed at each of the moments (a step, or milliseconds after its start), and crawls to the end.
 *
 * @returns how often it was killed before its end
 */
async function crawlKilled(name: string, moments: (Orders['kill'] | number)[]): Promise<number> {
  const web = await playWeb()
  const plain = orders(name, web.hosts)
  await mkdir(plain.dataDir)
  await copyFile(join(dir, 'undisturbed', 'identity.key'), join(plain.dataDir, 'identity.key'))
  const settled = new Map<string, number>()
  let deaths = 0
  try {
    for (const moment of moments) {
      const told = await (typeof moment === 'number'
        ? runDriver(plain, { dies: moment })
        : runDriver({ ...plain, kill: moment }))
      if (told === null) deaths++
      // what was durable before must not have been asked for again
      for (const [url, count] of settled) assert.is(web.requests().get(url) ?? 0, count, url)
      for (const url of await readSettled(plain.dataDir)) settled.set(url, web.requests().get(url) ?? 0)
    }
    const told = await runDriver(plain)
    for (const [url, count] of settled) assert.is(web.requests().get(url) ?? 0, count, url)
    for (const [url, count] of web.requests()) assert.ok(count <= deaths + 1, `${url}: ${count} requests`)
    assert.is(web.requests().size, made.fetched)
    assertSame(told?.results[0])
    await assertTidy(plain.dataDir)
  } finally {
    await web.close()
  }
  return deaths
}

function orders(name: string, hosts: Record<string, string>): Orders {
  // the undisturbed crawl has more threads: that makes no difference either
  const threads = name === 'undisturbed' ? 2 : 1
  return { ...ordersFor(join(dir, name), join(dir, 'made.warc.gz')), hosts, threads }
}

function at(step: string, nth: number, when: 'before' | 'after'): Orders['kill'] {
  return { step, nth, after: when === 'after' }
}

/** Different whole numbers from 1 to `most`, ascending. */
function pickNumbers(seed: number, count: number, most: number): number[] {
  const picked = new Set<number>()
  for (let state = seed; picked.size < count; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    picked.add(1 + Math.floor((state / 2 ** 32) * most))
  }
  return [...picked].sort((a, b) => a - b)
}

function assertSame(result: CrawlResult | undefined): void {
  const { seconds: _, ...wanted } = undisturbed
  assert.ok(result)
  const { seconds: __, ...found } = result
  assert.equal(found, wanted)
}

/** Addresses that were asked for and have an outcome in the database; a duplicate's is another candidate's as well. */
async function readSettled(dataDir: string): Promise<string[]> {
  const store = await openStore(join(dataDir, 'db'))
  const urls: string[] = []
  for await (const [key, bytes] of store.pages.iterator()) {
    for (const [i, { url }] of decode<Page>(bytes).candidates.entries()) {
      const outcome = await store.outcomes.get(orderedKey(key, i))
      if (outcome && decode<{ outcome: string }>(outcome).outcome !== 'duplicate') urls.push(url)
    }
  }
  await store.close()
  return urls
}

/** One shard, the run's state, and nothing else of the work. */
async function assertTidy(dataDir: string): Promise<void> {
  const store = await openStore(join(dataDir, 'db'))
  const rows = async (name: 'pages' | 'archived' | 'outcomes' | 'runs' | 'shards' | 'campaigns') =>
    (await store[name].keys().all()).length
  assert.equal([await rows('pages'), await rows('archived'), await rows('outcomes')], [0, 0, 0])
  assert.equal([await rows('runs'), await rows('shards'), await rows('campaigns')], [1, 1, 1])
  await store.close()
  assert.equal(await readdir(join(dataDir, 'work')).catch(() => []), [])
}

kill.run()
