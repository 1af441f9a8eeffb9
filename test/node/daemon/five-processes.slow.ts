import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadIdentity } from '../../../node/identity.ts'
import { makeRoster, weigh } from '../../../protocol/rules/assign.ts'
import { playCrawl } from './play-crawl.ts'
import { type DaemonProcess, startProcesses, until } from './start-processes.ts'
import { countsOf, createCampaign, doneBy, joinCampaign, midst, standing } from './watch-campaign.ts'

/**
 * Five daemons as five processes share out a crawl, and what can happen to them happens. Their clocks go 120 times as
 * fast as others, so that a lease of an hour is over after 30 seconds: who is killed must be back before that.
 */
const RATE = 120
const SEGMENTS = 28
const PICTURES = 4
const STEP_MS = 400
/** Milliseconds for what takes some thousands where a machine has nothing else to do. */
const LONG_MS = 240_000

let dir = ''
let crawl: Awaited<ReturnType<typeof playCrawl>>
let processes: ReturnType<typeof startProcesses>
const clock = { origin: Date.now(), rate: RATE }
const timeNow = () => clock.origin + (Date.now() - clock.origin) * RATE

const five = suite('five processes')

five.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-five-'))
  crawl = await playCrawl()
  // how often a picture was asked for is to tell of segments alone
  const quick = { contentionMs: 600, syncEveryMs: 1_000, withoutAudits: true }
  processes = startProcesses(dir, { loopback: { hosts: crawl.hosts }, ...quick })
})

five.after(async () => {
  await processes.killAll()
  await crawl.close()
  await rm(dir, { recursive: true })
})

function test(name: string, body: () => Promise<void>): void {
  five(name, async () => {
    try {
      await body()
    } catch (error) {
      console.error(await processes.tails())
      throw error
    }
  })
}

/** A part of the story: what it needs of earlier parts it asks for, and it happens once. */
function part<T>(happen: () => Promise<T>): () => Promise<T> {
  let once: Promise<T> | undefined
  return () => (once ??= happen())
}

const create = (node: DaemonProcess, name: string, segments: number) =>
  createCampaign(node, { name, segments, base: crawl.base, list: join(dir, `${name}.txt`) })

const started = part(async () => {
  crawl.pace.stepMs = STEP_MS
  const a = await processes.start('a', { clock })
  const others = ['b', 'c', 'd', 'e'].map((name) => processes.start(name, { clock, peers: [a.address] }))
  const [b, c, d, e] = (await Promise.all(others)) as [
    DaemonProcess,
    DaemonProcess,
    DaemonProcess,
    DaemonProcess,
  ]
  const campaign = await create(a, 'main', SEGMENTS)
  await Promise.all([b, c, d, e].map((node) => joinCampaign(node, campaign)))
  return { a, b, c, d, e, campaign }
})

/** B and C die in the midst of a segment, and C is back at once. */
const killed = part(async () => {
  const { a, b, c, campaign } = await started()
  const ofB = await midst(b, PICTURES)
  await b.kill()
  const known = await until('a knows the lease', () => standing(a, campaign, ofB))
  const ofC = await midst(c, PICTURES)
  await c.kill()
  const back = await processes.start('c', { clock, peers: [a.address] })
  return { ofB, lease: known, ofC, c: back }
})

/** D and E are cut off from the others, go on, and are let in again. */
const cut = part(async () => {
  const { a, d, e, campaign } = await started()
  const { c } = await killed()
  await Promise.all([d.admitOnly([e.peerId]), e.admitOnly([d.peerId])])
  const done = (nodes: DaemonProcess[]) => nodes.flatMap((node) => doneBy(node, campaign))
  const before = new Set(done([a, c, d, e]))
  /** what one node has done since then, and none of the other side */
  const alone = (node: DaemonProcess, others: DaemonProcess[]) =>
    done([node]).filter((segment) => !before.has(segment) && !done(others).includes(segment))
  const [ofA, ofD] = await until('both sides go on', () => {
    const [one, other] = [alone(a, [d, e]), alone(d, [a, c])]
    return one.length > 1 && other.length > 1 ? ([one[0]!, other[0]!] as const) : null
  })
  const isDone = async (node: DaemonProcess, segment: number) =>
    (await standing(node, campaign, segment))?.state === 'done'
  const known = [await isDone(a, ofD), await isDone(d, ofA)]
  await Promise.all([d.admitOnly(null), e.admitOnly(null)])
  const healed = performance.now()
  await until('they are told of each other', async () => (await isDone(a, ofD)) && (await isDone(d, ofA)))
  return { known, ms: performance.now() - healed }
})

/** B's lease is over, and somebody else does its segment; then B is back. */
const takenOver = part(async () => {
  const { a, b, campaign } = await started()
  const { ofB } = await killed()
  await cut()
  const taken = await until(
    'another has taken the segment',
    async () => {
      const known = await standing(a, campaign, ofB)
      return known && known.peer !== b.peerId && { at: timeNow() }
    },
    LONG_MS,
  )
  const done = await until('another has done it', async () => {
    const known = await standing(a, campaign, ofB)
    return known?.state === 'done' && known
  })
  const back = await processes.start('b', { clock, peers: [a.address] })
  return { taken, done, b: back }
})

const finished = part(async () => {
  const { a, d, e, campaign } = await started()
  const { c } = await killed()
  const { b } = await takenOver()
  crawl.pace.stepMs = 0
  const nodes = [a, b, c, d, e]
  const counts = await until(
    'all is done, and everybody knows the same',
    async () => {
      const all = await Promise.all(nodes.map((node) => countsOf(node, campaign)))
      const same = new Set(all.map(({ digest }) => digest)).size === 1
      return same && all.every(({ done }) => done === SEGMENTS) && all
    },
    LONG_MS,
  )
  return { nodes, counts }
})

test('a node killed in mid-segment and back at once goes on where it was', async () => {
  const { ofC, c } = await killed()
  const { campaign } = await started()
  await until('it has done the segment', () => doneBy(c, campaign).includes(ofC))
  const { peer, state } = (await standing(c, campaign, ofC))!
  assert.equal([peer, state], [c.peerId, 'done'])
  assert.is(c.endings[0]!.segment, ofC, 'before any other')
  const asked = Array.from({ length: PICTURES }, (_, i) => crawl.timesAsked(`main-${ofC}/${i}`))
  assert.is(asked[0], 1, 'what was settled is not fetched again')
})

test('a segment of a node that is dead stays its own until the lease is over, then another does it', async () => {
  const { a, b } = await started()
  const { lease } = await killed()
  const { taken, done } = await takenOver()
  assert.equal([lease.state, lease.peer], ['held', b.peerId])
  assert.ok(taken.at >= lease.until!, 'not before')
  assert.is.not(done.peer, b.peerId)
  assert.ok((await a.ask('fetch', { cid: done.manifest!, unverified: true })).shard!.verified)
})

test('a node that comes back after its lease gives way', async () => {
  const { campaign } = await started()
  const { ofB } = await killed()
  const { b, done } = await takenOver()
  const known = await until('it knows of the shard', async () => {
    const one = await standing(b, campaign, ofB)
    return one?.state === 'done' && one
  })
  assert.is(known.manifest, done.manifest)
  await finished()
  assert.not(b.endings.some(({ segment }) => segment === ofB))
})

test('two nodes that are cut off go on, and are told of all when they are back', async () => {
  const { known, ms } = await cut()
  assert.equal(known, [false, false], 'nothing was heard')
  console.log(`    healed after ${ms.toFixed(0)} ms`)
})

test('a node that hears no gossip begins no segment that another holds, only one that is free', async () => {
  const { a, d } = await started()
  await finished()
  const archives = ['held-0', 'held-1', 'held-2']
  for (const archive of archives) crawl.hold(archive)
  const campaign = await create(a, 'held', archives.length)
  await joinCampaign(d, campaign)
  const atWork = async (node: DaemonProcess) =>
    (await node.ask('status')).work.find((one) => one.campaign === campaign && one.phase === 'run')
  const ofA = (await until('a is at work', () => atWork(a))).segment
  const ofD = (await until('d is at work', () => atWork(d))).segment
  const free = [0, 1, 2].find((segment) => segment !== ofA && segment !== ofD)!
  await likeLeast(join(dir, 'f'), free, [ofA, ofD])
  const f = await processes.start('f', { clock, peers: [a.address, d.address], deaf: true })
  await joinCampaign(f, campaign)
  const beganFree = () => crawl.timesAsked(`held-${free}`) === 1
  await until('it begins the free one', beganFree)
  crawl.release(`held-${free}`)
  await until('it ends', () => f.endings.length === 3)
  const lost = f.endings.filter(({ how }) => how === 'lost')
  assert.equal(lost.map(({ segment }) => segment).sort(), [ofA, ofD].sort())
  assert.equal(doneBy(f, campaign), [free])
  // by who holds them
  for (const segment of [ofA, ofD]) assert.is(crawl.timesAsked(`held-${segment}`), 1)
  for (const archive of archives) crawl.release(archive)
  await until('the others end', async () => (await countsOf(a, campaign)).done === archives.length)
  assert.is((await standing(a, campaign, ofA))!.peer, a.peerId)
  assert.is((await standing(a, campaign, ofD))!.peer, d.peerId)
})

test('nothing is lost: all segments are done, the ledgers are equal, and every shard can be had and verified', async () => {
  const { a, b, c, d, e, campaign } = await started()
  const { nodes, counts } = await finished()
  assert.is(new Set(counts.map(({ digest }) => digest)).size, 1)
  assert.is(counts[0]!.peers, nodes.length)
  const all = (await a.ask('segments', { state: 'done', after: null, limit: 1000 })).filter(
    (one) => one.campaign === campaign,
  )
  assert.equal(
    all.map(({ segment }) => segment),
    Array.from({ length: SEGMENTS }, (_, i) => i),
  )
  for (const { manifest, segment, peer } of all) {
    const { shard } = await a.ask('fetch', { cid: manifest, unverified: true })
    assert.equal([shard!.verified, shard!.segment, shard!.peer], [true, segment, peer])
    assert.is(shard!.candidates, PICTURES)
  }
  const halves = [
    [a, b, c, (await killed()).c, (await takenOver()).b],
    [d, e],
  ].map((half) => half.flatMap((node) => doneBy(node, campaign)))
  for (const half of halves)
    assert.is(new Set(half).size, half.length, 'none twice by nodes that hear each other')
  const twice = halves[0]!.filter((segment) => halves[1]!.includes(segment)).length
  assert.is(counts[0]!.shards, SEGMENTS + twice)
  console.log(`    ${SEGMENTS} segments, ${twice} of them on both sides of the cut`)
})

/** Give a directory an identity that would take some segments rather than one. */
async function likeLeast(dataDir: string, segment: number, others: number[]): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    await mkdir(dataDir)
    const { publicKey } = await loadIdentity(dataDir)
    const [seed0, seed1] = makeRoster([publicKey]).seeds as unknown as [number, number]
    const weight = weigh(segment, seed0, seed1)
    if (others.every((other) => weigh(other, seed0, seed1) > weight)) return
    await rm(dataDir, { recursive: true })
  }
  throw new Error('no identity likes the others more')
}

five.run()
