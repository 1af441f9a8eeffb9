import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Home, openHome } from '../../../node/home.ts'
import { cidOf } from '../../../protocol/codec.ts'
import { fileOf } from '../pins/make-dags.ts'
import { makeFullArchive, playCrawl } from './play-crawl.ts'
import { type DaemonProcess, startProcesses, until } from './start-processes.ts'
import { countsOf, createCampaign } from './watch-campaign.ts'

/** What a volunteer allows, measured from outside of the process that keeps to it. */
const limits = suite<Context>('limits')
const MAIN = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url))
const LONG_MS = 240_000
const HOUR_MS = 3_600_000
/** A daemon looks so often what the hour is. */
const LOOK_MS = 15_000
/** Of the clock's units, see proc(5). */
const TICKS_PER_SECOND = 100

interface Context {
  dir: string
  crawl: Awaited<ReturnType<typeof playCrawl>>
  processes: ReturnType<typeof startProcesses>
}

limits.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-limits-'))
  context.crawl = await playCrawl()
  const { hosts } = context.crawl
  context.processes = startProcesses(context.dir, {
    ...{ loopback: { hosts }, contentionMs: 200, syncEveryMs: 2_000 },
  })
})
limits.after.each(async ({ dir, crawl, processes }) => {
  await processes.killAll()
  await crawl.close()
  await rm(dir, { recursive: true, force: true })
})

/** Seconds of the processor that a process has taken. @returns null where it has ended */
function processorSeconds(pid: number): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  } catch {
    return null
  }
}

limits('threads: a crawl takes no more of the processor', async ({ dir }) => {
  if (process.platform !== 'linux') return console.log('skipped: no /proc')
  const file = join(dir, 'full.warc')
  await writeFile(file, makeFullArchive(300))
  const args = ['crawl', file, '--offline', '--threads', '1', '--device', 'cpu', '--data', join(dir, 'data')]
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore', timeout: LONG_MS })
  const ended = new Promise((done) => child.once('exit', done))
  const pid = child.pid!
  // it starts with all cores, is held to one, and starts anew for the sake of the memory's arenas
  const isHeld = () => /Cpus_allowed_list:\s*\d+\n/.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  await until('it is held', isHeld, LONG_MS)
  const start = { at: performance.now(), seconds: processorSeconds(pid)! }
  let last = start
  const threads = new Set<string>()
  for (let seconds = start.seconds as number | null; seconds !== null; seconds = processorSeconds(pid)) {
    last = { at: performance.now(), seconds }
    for (const task of readdirSync(`/proc/${pid}/task`))
      try {
        const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8')
        threads.add(/Cpus_allowed_list:\s*(\S+)/.exec(status)![1]!)
      } catch {
        // a thread has ended meanwhile
      }
    await sleep(100)
  }
  assert.is(await ended, 0)
  assert.is(threads.size, 1, 'all of its threads are on one core')
  const taken = last.seconds - start.seconds
  assert.ok(taken > 1, `it did something: ${taken} s`)
  const share = (taken * 1000) / (last.at - start.at)
  assert.ok(share < 1.1, `${share} cores`)
})

limits('bandwidth: an archive takes as long as its bytes do', async ({ processes, dir }) => {
  const bytesPerSecond = 150_000
  const archive = makeFullArchive(150)
  await using site = await serve(archive)
  const loopback = { hosts: { 'slow.example': site.to } }
  const node = await processes.start('node', { bytesPerSecond, loopback, withoutAudits: true })
  await createCampaign(node, {
    ...{ name: 'slow', segments: 1, base: 'http://slow.example/', list: join(dir, 'list') },
  })
  await until('the archive is asked for', () => site.asked() > 0, LONG_MS)
  const start = performance.now()
  await until('it is done', () => node.endings.some(({ how }) => how === 'done'), LONG_MS)
  const seconds = (performance.now() - start) / 1000
  const rate = archive.length / seconds
  assert.ok(archive.length > 4 * bytesPerSecond, `${archive.length} bytes are enough to tell`)
  assert.ok(rate < 1.1 * bytesPerSecond, `${Math.round(rate)} bytes a second`)
})

/** A server of one file, by ranges as well. */
async function serve(file: Buffer) {
  let asked = 0
  const server = createServer(({ headers: { range } }, response) => {
    asked++
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
    if (first === undefined) return void response.writeHead(200, { 'content-length': file.length }).end(file)
    const end = Math.min(file.length, last ? Number(last) + 1 : file.length)
    const headers = { 'content-range': `bytes ${first}-${end - 1}/${file.length}` }
    response.writeHead(206, headers).end(file.subarray(Number(first), end))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    to: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

limits('hours: nothing is asked for before they begin and after they end', async (context) => {
  const { crawl, processes, dir } = context
  const now = Date.now()
  // in the middle of an hour, local time, that of half an hour's offset as well
  const next = new Date(now)
  next.setHours(next.getHours() + 1, 0, 0, 0)
  const hours = { from: next.getHours(), to: (next.getHours() + 1) % 24 }
  /** twice as fast as others, and so much before the hour now */
  const clockAt = (ms: number) => {
    const origin = Date.now() - (ms - Date.now())
    return { clock: { origin, rate: 2 }, startsAt: Date.now() }
  }
  const orders = { hours, withoutAudits: true, segments: 1 }
  const { clock, startsAt } = clockAt(next.getTime() - 16_000)
  let node = await processes.start('node', { ...orders, clock })
  const campaign = await createCampaign(node, {
    ...{ name: 'nightly', segments: 5_000, base: crawl.base, list: join(dir, 'list') },
  })
  assert.is((await node.ask('status')).state, 'resting')
  const asked = () => Array.from({ length: 5_000 }, (_, i) => crawl.timesAsked(`nightly-${i}`)).some(Boolean)
  await until('it works', asked, LONG_MS)
  const waited = Date.now() - startsAt
  assert.ok(waited >= 7_900, `it began ${waited} ms after a start that is 8 s before the hour`)
  await until('some is done', async () => (await countsOf(node, campaign)).done > 0, LONG_MS)
  await node.kill()

  const ending = clockAt(next.getTime() + HOUR_MS - 60_000)
  node = await processes.start('node', { ...orders, clock: ending.clock })
  const before = (await countsOf(node, campaign)).done
  await until('it goes on', async () => (await countsOf(node, campaign)).done > before, LONG_MS)
  await until('it rests', async () => (await node.ask('status')).state === 'resting', LONG_MS)
  // what is at work is put down when it looks at the clock
  await sleep(LOOK_MS + 1_000)
  const count = () =>
    Array.from({ length: 5_000 }, (_, i) => crawl.timesAsked(`nightly-${i}`)).reduce((a, b) => a + b)
  const [requests, seconds] = [count(), processorSeconds(node.pid)]
  const at = performance.now()
  await sleep(5_000)
  assert.is(count(), requests)
  if (seconds === null) return
  const share = (1000 * (processorSeconds(node.pid)! - seconds)) / (performance.now() - at)
  assert.ok(share < 0.3, `it rests, and takes ${share} of a core`)
})

limits('disk: the oldest blocks that nothing keeps go first, own work never', async (context) => {
  const { crawl, processes, dir } = context
  const orders = { withoutAudits: true }
  let node = await processes.start('node', orders)
  const campaign = await createCampaign(node, {
    ...{ name: 'disk', segments: 50, base: crawl.base, list: join(dir, 'list') },
  })
  await until('two shards are made', async () => (await countsOf(node, campaign)).done >= 2, LONG_MS)
  const shards = (await node.ask('listShards')).map(({ manifest }) => manifest)
  // one is in the midst of its work
  await until('another is begun', async () => (await node.ask('status')).work.length === 1, LONG_MS)
  await node.kill()
  const [old, late] = await fill(node, [10 * 24, 10])
  const used = diskUse(node.dataDir)
  // to be had by deleting the older ones
  const diskBytes = used - 1_000_000
  node = await processes.start('node', { ...orders, diskBytes })
  const before = (await countsOf(node, campaign)).done
  await until(
    'there is room, and it goes on',
    async () => (await countsOf(node, campaign)).done > before,
    LONG_MS,
  )
  await node.ask('pause')
  const held = diskUse(node.dataDir)
  assert.ok(held <= diskBytes, `${held} bytes of ${diskBytes}`)
  await node.stop()
  assert.equal(await whichStay(node, old!), [], 'the old ones have gone')
  assert.is((await whichStay(node, late!)).length, late!.length, 'the late ones stay: there was room')

  // now room has to be made of those, and there is not enough of them: own shards stay, and nothing more is begun
  node = await processes.start('node', { ...orders, diskBytes: 50_000 })
  const more = await createCampaign(node, {
    ...{ name: 'more', segments: 1, base: crawl.base, list: join(dir, 'list') },
  })
  await until('it is full', async () => (await node.ask('status')).state === 'full', LONG_MS)
  const listed = (await node.ask('listShards')).map(({ manifest }) => manifest)
  for (const manifest of shards) assert.ok(listed.includes(manifest), 'own shards stay')
  assert.is((await countsOf(node, more)).done, 0)
  await node.stop()
  assert.equal(await whichStay(node, late!), [], 'the late ones have gone')
  for (const manifest of shards) assert.is((await whichStay(node, [CID.parse(manifest)])).length, 1)
})

/** Blocks that nothing keeps, 2 MB of each age in hours. */
async function fill({ dataDir }: DaemonProcess, ages: number[]): Promise<CID[][]> {
  return withHome(dataDir, async (home) => {
    const all: CID[][] = []
    for (const hours of ages) {
      const some: CID[] = []
      for (let i = 0; i < 20; i++) {
        const bytes = Buffer.alloc(100_000, `${hours} ${i} `)
        const cid = cidOf(bytes, 'raw')
        await home.blocks.put(cid, bytes)
        const at = new Date(Date.now() - hours * HOUR_MS)
        await utimes(fileOf(home, cid), at, at)
        some.push(cid)
      }
      all.push(some)
    }
    return all
  })
}

const whichStay = ({ dataDir }: DaemonProcess, cids: readonly CID[]) =>
  withHome(dataDir, async ({ blocks }) => {
    const found: CID[] = []
    for (const cid of cids) if (await blocks.has(cid)) found.push(cid)
    return found
  })

async function withHome<T>(dataDir: string, use: (home: Home) => Promise<T>): Promise<T> {
  const home = await openHome(dataDir)
  try {
    return await use(home)
  } finally {
    await home.close()
  }
}

/** Bytes of the files in a directory, as `du` sees them. */
function diskUse(dir: string): number {
  const files = execFileSync('find', [dir, '-type', 'f', '-printf', '%k\n'], { encoding: 'utf8' })
  return files.split('\n').reduce((sum, each) => sum + 1024 * Number(each), 0)
}

limits.run()
