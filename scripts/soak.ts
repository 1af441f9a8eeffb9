/**
 * `node scripts/soak.ts [--minutes 30] [--seed 1] [--json]`: three daemons work on an endless crawl on this machine, and are
 * disturbed: two are cut off from the others now and then, the third is killed and started again. What the first two hold is
 * watched from outside. Exit code 1 where memory or handles grow.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { playCrawl } from '../test/node/daemon/play-crawl.ts'
import { type DaemonProcess, startProcesses } from '../test/node/daemon/start-processes.ts'
import { countsOf, createCampaign, joinCampaign } from '../test/node/daemon/watch-campaign.ts'
import { startStream } from './sim/chance.ts'
import { type Sample, sampleProcess } from './soak/sample-process.ts'
import { floorOf, medianOf, trendOf } from './soak/trend.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed)
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new Error('--minutes takes a number above 0, --seed a whole one')

const MINUTE_MS = 60_000
const SAMPLE_MS = 2_000
/** A heap is collected several times in one. */
const STRETCH_MS = 30_000
/** Caches fill, code is compiled: not watched, of a third of the time at most. */
const WARM_UP_MS = Math.min(8 * MINUTE_MS, (minutes * MINUTE_MS) / 3)
/** Far more than there is time for. */
const SEGMENTS = 50_000
/** MiB an hour that are certain, twice the standard error aside: records and peers do take a little. */
const MOST_GROWTH = 24
/** Of the second half's median over the first's. */
const MOST_RATIO = 1.08
/** Sockets come and go with peers: what the median grows by beyond that is a leak. */
const MOST_FDS = 10
const MOST_THREADS = 2
const REST_MS = { least: 20_000, most: 60_000 }
const CUT_MS = 15_000

// as the program itself starts, see cli/bound-arenas.ts
process.env.MALLOC_ARENA_MAX = '2'
const chance = startStream(seed)
const dir = await mkdtemp(join(tmpdir(), 'shoal-soak-'))
const crawl = await playCrawl()
const processes = startProcesses(dir, {
  ...{ loopback: { hosts: crawl.hosts }, contentionMs: 1_000, syncEveryMs: 2_000 },
})
const began = performance.now()
const sinceBegan = () => performance.now() - began
const deadline = minutes * MINUTE_MS
const ending = new AbortController()
process.once('SIGINT', () => ending.abort())

const samples = new Map<string, Sample[]>()
const disturbances = { cuts: 0, kills: 0 }
let failure: unknown = null
try {
  const first = await processes.start('first')
  const second = await processes.start('second', { peers: [first.address] })
  let third = await processes.start('third', { peers: [first.address] })
  const campaign = await createCampaign(first, {
    ...{ name: 'soak', segments: SEGMENTS, base: crawl.base, list: join(dir, 'list'), verifiers: 1 },
  })
  for (const node of [second, third]) await joinCampaign(node, campaign)
  say(
    `three daemons for ${minutes} min, seed ${seed}; the first ${Math.round(WARM_UP_MS / 1000)} s are not counted`,
  )
  const watching = [first, second].map((node) => watch(node))
  const telling = tell(first, campaign)
  try {
    await disturb(async () => {
      third = await restart(third, first)
      return third
    }, [first, second])
  } finally {
    ending.abort()
    await Promise.all([...watching, telling])
  }
} catch (error) {
  failure = error
} finally {
  await processes.killAll()
  await crawl.close()
  await rm(dir, { recursive: true, force: true })
}
if (failure) throw failure
report()

/** Cut one off, or kill the third, one after the other until the time is over. */
async function disturb(kill: () => Promise<DaemonProcess>, watched: readonly DaemonProcess[]): Promise<void> {
  while (sinceBegan() < deadline && !ending.signal.aborted) {
    await rest(REST_MS.least + chance() * (REST_MS.most - REST_MS.least))
    if (sinceBegan() >= deadline || ending.signal.aborted) return
    if (chance() < 0.5) {
      await kill()
      disturbances.kills++
    } else {
      const one = watched[Math.floor(chance() * watched.length)]!
      await one.admitOnly([])
      await rest(CUT_MS)
      await one.admitOnly(null)
      disturbances.cuts++
    }
  }
}

async function restart(node: DaemonProcess, { address }: DaemonProcess): Promise<DaemonProcess> {
  await node.kill()
  return processes.start(node.name, { peers: [address] })
}

async function rest(ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: ending.signal }).catch(() => {})
}

async function watch({ name, pid }: DaemonProcess): Promise<void> {
  const own: Sample[] = []
  samples.set(name, own)
  while (!ending.signal.aborted) {
    const sample = await sampleProcess(pid, sinceBegan())
    if (sample === null) throw new Error(`${name} has ended by itself`)
    own.push(sample)
    await rest(SAMPLE_MS)
  }
}

async function tell(node: DaemonProcess, campaign: string): Promise<void> {
  while (!ending.signal.aborted) {
    await rest(MINUTE_MS / 2)
    if (ending.signal.aborted) return
    const { done, states } = await countsOf(node, campaign)
    const held = [...samples].map(([name, own]) => {
      const last = own.at(-1)!
      return `${name} ${last.ownMiB.toFixed(0)} of ${last.rssMiB.toFixed(0)} MiB its own, ${last.fds} fds, ${last.threads} threads`
    })
    say(
      `${(sinceBegan() / MINUTE_MS).toFixed(1)} min: ${done} segments, ${states.verified} verified; ${held.join('; ')}`,
    )
  }
}

function report(): void {
  const nodes = [...samples].map(([name, own]) => {
    const counted = own.filter(({ at }) => at >= WARM_UP_MS)
    const middle = counted.length / 2
    const halves = (key: 'fds' | 'threads' | 'ownMiB') =>
      [counted.slice(0, middle), counted.slice(middle)].map((half) =>
        medianOf(half.map((one) => one[key])),
      ) as [number, number]
    const growth = ([before, after]: [number, number]) => after - before
    const points = counted.map(({ at, ownMiB }) => ({ at, value: ownMiB }))
    const { perHour: mibPerHour, error } = trendOf(floorOf(points, STRETCH_MS))
    const [before, after] = halves('ownMiB')
    return {
      ...{ name, samples: counted.length, mibPerHour, error, before, after },
      ...{ fdsGrew: growth(halves('fds')), threadsGrew: growth(halves('threads')) },
      peakMib: Math.max(...own.map((one) => one.rssMiB)),
    }
  })
  for (const { name, mibPerHour, error, before, after, peakMib, fdsGrew, threadsGrew } of nodes)
    say(
      `${name}: ${mibPerHour.toFixed(1)} ± ${(2 * error).toFixed(1)} MiB/h of its own; median ${before.toFixed(0)} MiB, then ${after.toFixed(0)}, peak with files ${peakMib.toFixed(0)}; handles ${sign(fdsGrew)}, threads ${sign(threadsGrew)}`,
    )
  const grows = nodes.filter(
    ({ mibPerHour, error, before, after, fdsGrew, threadsGrew }) =>
      !(
        mibPerHour - 2 * error <= MOST_GROWTH &&
        after <= MOST_RATIO * before &&
        fdsGrew <= MOST_FDS &&
        threadsGrew <= MOST_THREADS
      ),
  )
  say(`${disturbances.kills} kills, ${disturbances.cuts} cuts`)
  say(grows.length === 0 ? 'Flat.' : `Grows: ${grows.map(({ name }) => name).join(', ')}`)
  if (values.json)
    console.log(JSON.stringify({ minutes, seed, disturbances, nodes, flat: grows.length === 0 }))
  process.exitCode = grows.length === 0 ? 0 : 1
}

function sign(value: number): string {
  return value > 0 ? `+${value}` : String(value)
}

function say(text: string): void {
  if (values.json) console.error(text)
  else console.log(text)
}
