import { execFile } from 'node:child_process'
import { hash, randomFillSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { hide, hiderOf, openFeeds, writeFeed } from '../../node/denied/denied.ts'
import { loadIdentity } from '../../node/identity.ts'
import { cidOf, encode } from '../../protocol/codec.ts'
import { finderIn, packHashes } from '../../protocol/rules/hash-set.ts'
import type { RemovableRow } from '../../protocol/rules/remove.ts'

const ENTRIES = 1_000_000
const LOOKUPS = 200_000
const ROWS = 100_000
const ROUNDS = 5
const HASH_BYTES = 32
const CAMPAIGN = cidOf(encode('bench'))
const SELF = fileURLToPath(import.meta.url)

/**
 * A feed of a million removals: reading it, with signature and digest checked, looking hashes up in it, and judging rows,
 * each of which takes up to five look-ups and the hashes for them. Times are the processor's: others may be at work.
 *
 * @returns seconds and MiB that it takes to load, microseconds of a look-up and of a row (medians)
 */
export async function benchRemovals() {
  // what it takes to make one would hide what it takes to load it
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', SELF, 'load'])
  return JSON.parse(stdout)
}

async function make(file: string, dir: string): Promise<void> {
  const signer = await loadIdentity(dir)
  await writeFeed(file, makeSubjects(ENTRIES), { campaign: CAMPAIGN, issued: 1 }, signer)
}

async function load() {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-removals-'))
  try {
    const file = join(dir, 'removals.feed')
    await promisify(execFile)(process.execPath, [SELF, 'make', file, dir])
    const feeds = await openFeeds(join(dir, 'feeds'))
    const before = memoryMiB()
    const began = cpuSeconds()
    await feeds.take(file, async () => true)
    const subjects = [feeds.listed(CAMPAIGN).subjects].flat()
    const isHidden = hiderOf(hide(subjects))
    isHidden(rowOf(0))
    const loadSeconds = cpuSeconds() - began
    const loadedMiB = memoryMiB() - before
    const find = finderIn(subjects[0]!.url)
    const probes = Array.from({ length: LOOKUPS }, (_, i) => hash('sha256', `probe ${i}`, 'buffer'))
    const lookupUs = medianUs(() => {
      let found = 0
      for (const probe of probes) if (find(probe)) found++
      return found
    }, LOOKUPS)
    const rows = Array.from({ length: ROWS }, (_, i) => rowOf(i))
    const rowUs = medianUs(() => rows.filter(isHidden).length, ROWS)
    return { entries: ENTRIES, loadSeconds, memoryMiB: loadedMiB, lookupUs, rowUs }
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** Half of them addresses, and the rest pictures and pairs, with some thousands of sites. */
function makeSubjects(entries: number) {
  const random = (count: number) => packHashes(randomFillSync(new Uint8Array(count * HASH_BYTES)))
  const sites = Math.min(5_000, entries >> 3)
  const [url, image] = [random(entries >> 1), random(entries >> 2)]
  return {
    url,
    image,
    origin: random(sites),
    pair: random(entries - (entries >> 1) - (entries >> 2) - sites),
  }
}

function rowOf(i: number): RemovableRow {
  return {
    uid: hash('md5', `uid ${i}`),
    url: `https://images${i % 5_000}.example.org/pictures/${i}/large.jpg?width=800`,
    page_url: `https://www.site${i >> 5}.example/articles/${i >> 5}.html`,
    sha256: hash('sha256', `file ${i}`),
  }
}

function memoryMiB(): number {
  globalThis.gc?.()
  return process.memoryUsage().rss / 2 ** 20
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Microseconds of one of so many. */
function medianUs(work: () => unknown, count: number): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = cpuSeconds()
    work()
    return cpuSeconds() - start
  })
  return (1e6 * times.sort((a, b) => a - b)[ROUNDS >> 1]!) / count
}

if (import.meta.main) {
  const [act, file, dir] = process.argv.slice(2)
  if (act === 'make') await make(file!, dir!)
  else console.log(JSON.stringify(await load()))
}
