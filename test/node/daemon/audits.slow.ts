import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listArchives, makeFullArchive, playCrawl } from './play-crawl.ts'
import { type DaemonProcess, startProcesses, until } from './start-processes.ts'
import { countsOf, createCampaign, joinCampaign } from './watch-campaign.ts'

/** Daemons as processes do a small crawl, and look at each other's shards. */
const SEGMENTS = 3
const LONG_MS = 240_000

let dir = ''
let crawl: Awaited<ReturnType<typeof playCrawl>>
/** the same crawl, as somebody sees it who makes its pages up */
let madeUp: Awaited<ReturnType<typeof playCrawl>>
let processes: ReturnType<typeof startProcesses>

const audits = suite('audits')

audits.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-audits-'))
  crawl = await playCrawl()
  madeUp = await playCrawl()
  for (const archive of listArchives('forged', 2))
    madeUp.give(archive.replace('.warc.gz', ''), makeFullArchive(4))
  processes = startProcesses(dir, {
    ...{ loopback: { hosts: crawl.hosts }, contentionMs: 300, syncEveryMs: 1_000 },
    called: { operator: 'Ada', team: 'blue' },
  })
})

audits.after(async () => {
  await processes.killAll()
  await crawl.close()
  await madeUp.close()
  await rm(dir, { recursive: true })
})

function test(name: string, body: () => Promise<void>): void {
  audits(name, async () => {
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
  createCampaign(node, { name, segments, base: crawl.base, list: join(dir, `${name}.txt`), verifiers: 2 })

async function judged(node: DaemonProcess, campaign: string) {
  const all = await node.ask('judged', { manifest: null, state: null, policy: null, after: null, limit: 500 })
  return all.filter((one) => one.campaign === campaign)
}

const started = part(async () => {
  const a = await processes.start('a')
  const [b, c] = (await Promise.all(
    ['b', 'c'].map((name) => processes.start(name, { peers: [a.address] })),
  )) as [DaemonProcess, DaemonProcess]
  const campaign = await create(a, 'small', SEGMENTS)
  await Promise.all([b, c].map((node) => joinCampaign(node, campaign)))
  return { a, b, c, campaign }
})

const verified = part(async () => {
  const { a, b, c, campaign } = await started()
  const counts = await until(
    'all shards are verified, and everybody knows the same',
    async () => {
      const all = await Promise.all([a, b, c].map((node) => countsOf(node, campaign)))
      const same = new Set(all.map(({ digest }) => digest)).size === 1
      return same && all.every(({ states }) => states.verified === SEGMENTS) && all
    },
    LONG_MS,
  )
  return counts
})

test('every shard is audited once by each of the others, and becomes verified', async () => {
  const { a, b, c, campaign } = await started()
  const [counts] = await verified()
  assert.is(counts!.verdicts, 2 * SEGMENTS)
  const nodes = new Map([a, b, c].map((node) => [node.peerId, node]))
  for (const { manifest, producer, verdicts } of await judged(a, campaign)) {
    const others = [...nodes.keys()].filter((peer) => peer !== producer).sort()
    assert.equal(verdicts.map(({ verifier }) => verifier).sort(), others)
    assert.ok(verdicts.every(({ counts, ruling }) => counts && ruling === 'good'))
    for (const [peer, { audits }] of nodes) {
      const own = audits.filter((audit) => audit.manifest === manifest)
      assert.equal(
        own.map(({ how }) => how),
        peer === producer ? [] : ['done'],
      )
    }
  }
})

test('all give the same nodes credit, for what they did and what they gave to their verifiers', async () => {
  const { a, b, c, campaign } = await started()
  await verified()
  const [credits, ...others] = await Promise.all([a, b, c].map((node) => node.ask('credits', campaign)))
  const withoutOwn = (all: typeof credits) => all!.map(({ own: _, ...credit }) => credit)
  for (const other of others) assert.equal(withoutOwn(other), withoutOwn(credits))
  assert.is(credits!.find(({ own }) => own)?.peer, a.peerId)
  const sum = (key: 'segments' | 'pairs' | 'audits') => credits!.reduce((total, one) => total + one[key], 0)
  const shards = await judged(a, campaign)
  assert.is(sum('segments'), SEGMENTS)
  assert.is(sum('audits'), 2 * SEGMENTS)
  assert.ok(sum('pairs') > 0)
  for (const { peer, segments, operator, team, bytesServed } of credits!) {
    assert.is(segments, shards.filter(({ producer }) => producer === peer).length)
    assert.equal([operator, team], segments > 0 ? ['Ada', 'blue'] : [null, null])
    // its verifiers have its blocks of nobody else at first
    if (segments > 0) assert.ok(bytesServed > 1_000, `${peer} gave ${bytesServed} bytes`)
  }
})

test('a pause puts an audit down, and it is done after it; a verifier killed in the midst does it when it is back', async () => {
  const { a, b, c } = await started()
  await verified()
  await Promise.all([b, c].map((node) => node.ask('pause')))
  const campaign = await create(a, 'slow', 1)
  await Promise.all([b, c].map((node) => joinCampaign(node, campaign)))
  await until('a has done it', async () => (await countsOf(a, campaign)).done === 1)
  await until('the others know', async () =>
    (await Promise.all([b, c].map((node) => countsOf(node, campaign)))).every(({ done }) => done === 1),
  )
  // so that an audit takes as long as it is kept from ending
  crawl.hold('slow-0')
  await Promise.all([b, c].map((node) => node.ask('resume')))
  const current = async (node: DaemonProcess) => (await node.ask('status')).audits.current
  for (const node of [b, c])
    await until(`${node.name} audits`, async () => (await current(node))?.campaign === campaign)
  await b.ask('pause')
  await until('b has put it down', async () => (await current(b)) === null)
  await c.kill()
  crawl.release('slow-0')
  const back = await processes.start('c', { peers: [a.address] })
  await until('c has done it', () => back.audits.some((audit) => audit.campaign === campaign), LONG_MS)
  assert.is((await countsOf(a, campaign)).verdicts, 1)
  await b.ask('resume')
  await until('it is verified', async () => (await countsOf(a, campaign)).states.verified === 1, LONG_MS)
  assert.is((await countsOf(a, campaign)).verdicts, 2)
  assert.equal(
    [b, back].map(({ audits }) =>
      audits.filter((audit) => audit.campaign === campaign).map(({ how }) => how),
    ),
    [['done'], ['done']],
  )
})

test('a forged shard is refused, its segment redone by others, and its producer audits no more', async () => {
  const { a, b } = await started()
  await verified()
  const d = await processes.start('d', { peers: [a.address], loopback: { hosts: madeUp.hosts } })
  await Promise.all([a, b].map((node) => node.ask('pause')))
  const campaign = await create(a, 'forged', 1)
  await Promise.all([b, d].map((node) => joinCampaign(node, campaign)))
  await until('d has done it', async () => (await countsOf(d, campaign)).done === 1)
  await Promise.all([a, b].map((node) => node.ask('resume')))
  const [refused, good] = await until(
    'it is refused, and done again',
    async () => {
      const shards = await judged(a, campaign)
      const byD = shards.find(({ producer }) => producer === d.peerId)
      const other = shards.find(({ producer }) => producer !== d.peerId)
      return byD?.state === 'refused' && other ? ([byD, other] as const) : null
    },
    LONG_MS,
  )
  assert.ok(refused.verdicts.every(({ forged }) => forged[0]!.code === 'row_absent'))
  assert.ok([a.peerId, b.peerId].includes(good.producer))
  const [standing] = await a
    .ask('standings', d.peerId)
    .then((all) => all.filter((one) => one.campaign === campaign))
  assert.equal(
    standing!.offences.map(({ code, manifest }) => [code, manifest]),
    [['shard_forged', refused.manifest]],
  )
  assert.is((await countsOf(a, campaign)).done, 1)
  await until('d knows', async () => (await countsOf(d, campaign)).states.refused === 1)
  assert.not((await d.ask('listShards')).some(({ manifest }) => manifest === refused.manifest))
})

audits.run()
