import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Daemon, startDaemon } from '../../../node/daemon/daemon.ts'
import { openLog } from '../../../node/log.ts'
import { makeDir, until } from '../network/start-node.ts'
import { listArchives, playCrawl } from './play-crawl.ts'

const told = suite('what a node tells of itself')
const LATE_MS = 300_000
const SEGMENTS = 2
/** of each segment */
const PICTURES = 4

told('counts of two processes, and of an auditor: in the pulse, the history and the metrics', async () => {
  await using stack = new AsyncDisposableStack()
  const crawl = await playCrawl()
  stack.defer(() => crawl.close())
  const dataDir = await makeDir(stack)
  const start = async (dir: string) => {
    const daemon = await startDaemon({
      ...{ dataDir: dir, model: null, threads: 1, segments: 1, hours: null, diskBytes: null },
      ...{ listen: ['/ip4/127.0.0.1/tcp/0'], peers: [], local: true, offline: false, metrics: true },
      ...{ loopback: { hosts: crawl.hosts }, bytesPerSecond: null, contentionMs: 200, syncEveryMs: 500 },
      ...{ clock: Date.now, log: openLog('silent', 'stderr'), gateway: { host: '127.0.0.1', port: 0 } },
    })
    stack.defer(() => daemon.stop())
    return daemon
  }
  const list = join(dataDir, 'list.txt')
  await writeFile(list, listArchives('told', SEGMENTS).join('\n'))

  crawl.pace.stepMs = 1_000
  const first = await start(dataDir)
  const { campaign } = await first.create({
    ...{ name: 'told', contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: -1 },
    ...{ files: [list], kind: null, base: crawl.base, parts: 1, audit: { verifiers: 1 } },
  })
  await until('a picture is scored', async () => (await amounts(first)).scored > 0, LATE_MS)
  const { rates, cpu, memory, cores, status, devices } = await first.pulse()
  const [device] = devices
  assert.is(device!.deviceClass, 'cpu/fp32')
  assert.ok(device!.pairs > 0 && device!.busySeconds > 0, JSON.stringify(devices))
  assert.match((await first.metrics()).text, /^shoal_device_pairs_total\{device="cpu"\} \d+$/m)
  assert.ok(rates.read > 0 && rates.fetch > 0 && rates.score > 0, JSON.stringify(rates))
  assert.ok(cpu > 0 && cpu < cores + 1 && memory > 1e7, `${cpu} of ${cores} cores, ${memory} bytes`)
  assert.is(status.work.length, 1)
  await first.stop()
  const before = await amounts(first)
  assert.ok(before.scored < PICTURES * SEGMENTS)

  crawl.pace.stepMs = 0
  const again = await start(dataDir)
  const auditor = await start(await makeDir(stack))
  await auditor.join(campaign, (await again.status()).addresses[0]!)
  const counts = async (daemon: Daemon) => (await daemon.status()).campaigns[0]?.counts
  await until('all is done', async () => (await counts(again))?.done === SEGMENTS, LATE_MS)
  await until('something is audited', async () => (await amounts(auditor)).audited > 0, LATE_MS)
  const after = [await amounts(again), await amounts(auditor)]
  const all = [before, ...after].reduce((sum, one) => sum + one.scored, 0)
  assert.is(all, PICTURES * SEGMENTS, 'none is counted twice')
  const { gateway } = await again.status()
  const page = await (await fetch(`${gateway}/`)).arrayBuffer()
  const given = await amounts(again)
  assert.ok(given.blocks > 1_000, `${given.blocks} bytes of the shard that is audited`)
  assert.ok(given.gateway > page.byteLength, `${given.gateway} bytes of a page`)

  await again.stop()
  assert.ok(
    again.history('day').points.some(({ busy, cpu }) => busy > 0 && cpu > 0),
    'its device was at work',
  )
  const past = again.history('month').points
  assert.is(sum(past, 'scored'), before.scored + after[0]!.scored)
  assert.is(sum(past, 'segments'), after[0]!.segments)
  assert.is(sum(again.history('hour').points, 'kept'), before.kept + after[0]!.kept)
})

told('metrics name no peer, and what the documents name is there', async () => {
  await using stack = new AsyncDisposableStack()
  const start = async () => {
    const daemon = await startDaemon({
      ...{ dataDir: await makeDir(stack), model: null, threads: 1, segments: 1, hours: null },
      ...{ listen: ['/ip4/127.0.0.1/tcp/0'], peers: [], local: true, offline: false, metrics: true },
      ...{ loopback: { hosts: {} }, bytesPerSecond: null, diskBytes: null, clock: Date.now },
      ...{ log: openLog('silent', 'stderr'), syncEveryMs: 200 },
    })
    stack.defer(() => daemon.stop())
    return { daemon, ...(await daemon.status()) }
  }
  const [one, other] = [await start(), await start()]
  const list = join(await makeDir(stack), 'list.txt')
  await writeFile(list, 'a.warc.gz\n')
  one.daemon.pause()
  other.daemon.pause()
  const { campaign } = await one.daemon.create({
    ...{ name: 'told', contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: -1 },
    ...{ files: [list], kind: null, base: 'http://archive.example/', parts: 1 },
  })
  await other.daemon.join(campaign, one.addresses[0]!)
  const { type } = await one.daemon.metrics()
  assert.match(type, /^text\/plain; version=0\.0\.4/)
  let text = ''
  await until('they have spoken', async () => {
    text = (await one.daemon.metrics()).text
    return /^libp2p_data_transfer_bytes_total\{/m.test(text)
  })
  assert.not.match(text, new RegExp(other.peerId))
  const [, port] = /\/tcp\/(\d+)/.exec(other.addresses[0]!)!
  assert.not.match(text, new RegExp(`:${port}"`))
  assert.match(text, /^shoal_peers 1$/m)
  assert.match(text, new RegExp(`^shoal_campaign_segments\\{campaign="${campaign}",state="free"\\} 1$`, 'm'))

  const names = new Set([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name]) => name!))
  for (const [, name, kind] of text.matchAll(/^# TYPE (shoal_\S+) (\S+)$/gm))
    assert.is(name!.endsWith('_total'), kind === 'counter', name)
  for (const file of ['docs/metrics.md', 'docs/grafana.json']) {
    const document = await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8')
    const named: string[] = document.match(/\b(?:shoal|libp2p|nodejs|process)_[a-z0-9_]+/g) ?? []
    assert.ok(named.length > 10)
    for (const name of named) assert.ok(names.has(name), `${file} names ${name}`)
    // each of Shoal's own is told of
    if (file.endsWith('.md'))
      for (const name of names) assert.ok(!name.startsWith('shoal_') || named.includes(name), name)
  }
})

async function amounts(daemon: Daemon) {
  const { text } = await daemon.metrics()
  const value = (line: string) => Number(new RegExp(`^${line} (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
  return {
    scored: value('shoal_scored_pairs_total'),
    kept: value('shoal_candidates_total\\{outcome="kept"\\}'),
    segments: value('shoal_segments_total\\{result="done"\\}'),
    blocks: value('shoal_served_bytes_total\\{by="blocks"\\}'),
    gateway: value('shoal_served_bytes_total\\{by="gateway"\\}'),
    audited: value('shoal_audits_total\\{result="good"\\}'),
  }
}

function sum<Field extends string>(points: Record<Field, number>[], field: Field): number {
  return points.reduce((all, point) => all + point[field], 0)
}

told.run()
