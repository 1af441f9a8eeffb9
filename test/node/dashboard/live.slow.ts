import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Daemon, type Pulse, type Sample, startDaemon } from '../../../node/daemon/daemon.ts'
import type { CampaignMap } from '../../../node/daemon/map.ts'
import { type Dashboard, serveDashboard } from '../../../node/dashboard/dashboard.ts'
import { openLog } from '../../../node/log.ts'
import { listArchives, makeFullArchive, playCrawl } from '../daemon/play-crawl.ts'
import { until } from '../network/start-node.ts'

/** A dashboard on a node that works on a crawl that is played on this machine. */
const test = suite('dashboard of a node at work')
const stack = new AsyncDisposableStack()
const SEGMENTS = 6
/** Some seconds of work each, so that it is still at work when it is asked. */
const PAGES = 600
/** On a busy machine. */
const WAIT_MS = 60_000

let dir = ''
let daemon: Daemon
let dashboard: Dashboard
let campaign = ''
let crawl: Awaited<ReturnType<typeof playCrawl>>

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-live-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  crawl = await playCrawl()
  stack.defer(() => crawl.close())
  const archive = makeFullArchive(PAGES)
  for (let i = 0; i < SEGMENTS; i++) crawl.give(`full-${i}`, archive)
  const list = join(dir, 'list.txt')
  await writeFile(list, listArchives('full', SEGMENTS).join('\n'))
  const dataDir = join(dir, 'data')
  daemon = await startDaemon({
    ...{ dataDir, log: openLog('silent', 'stderr'), clock: Date.now, threads: 1, segments: 1 },
    ...{ hours: null, diskBytes: null, bytesPerSecond: null, model: null, offline: false },
    ...{ listen: ['/ip4/127.0.0.1/tcp/0'], local: true, peers: [], loopback: { hosts: crawl.hosts } },
    contentionMs: 100,
  })
  stack.defer(() => daemon.stop())
  dashboard = await serveDashboard(daemon, {
    ...{ dataDir, listen: { host: '127.0.0.1', port: 0 }, log: openLog('silent', 'stderr') },
  })
  stack.defer(() => dashboard.close())
  const created = await daemon.create({
    ...{ name: 'live', contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: null },
    ...{ files: [list], kind: null, base: crawl.base, parts: 1 },
  })
  campaign = created.campaign
})

test.after(() => stack.disposeAsync())

async function get<T>(path: string): Promise<T> {
  const response = await fetch(`${dashboard.address}${path}`, { signal: AbortSignal.timeout(WAIT_MS) })
  assert.is(response.status, 200, path)
  return (await response.json()) as T
}

async function post(path: string, body: object = {}): Promise<unknown> {
  const response = await fetch(`${dashboard.address}${path}`, {
    ...{ method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(WAIT_MS) },
    headers: { authorization: `Bearer ${dashboard.token}`, 'content-type': 'application/json' },
  })
  assert.is(response.status, 200, path)
  return response.json()
}

/** The pulses from now on, until one is what is waited for. */
async function untilPulse(what: string, is: (pulse: Pulse) => boolean): Promise<Pulse> {
  const response = await fetch(`${dashboard.address}/events`, { signal: AbortSignal.timeout(WAIT_MS) })
  let text = ''
  for await (const more of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (text + more).split('\n\n')
    text = events.pop()!
    for (const event of events) {
      const [, data] = /^event: pulse\ndata: (.*)$/.exec(event) ?? []
      if (data !== undefined && is(JSON.parse(data))) return JSON.parse(data)
    }
  }
  throw new Error(`the events ended, and still: ${what}`)
}

const atWork = ({ status }: Pulse) => status.work.filter(({ phase }) => phase === 'run').length
const samplesOf = () => get<Sample[]>('/api/samples')

test('pulses show the work, and the map where it is', async () => {
  const pulse = await untilPulse('pairs are scored', ({ rates }) => rates.score > 0)
  assert.is(pulse.status.state, 'working')
  assert.ok(pulse.cpu > 0 && pulse.memory > 1e6)
  const { cells, counts } = await get<CampaignMap>(`/api/map?campaign=${campaign}`)
  assert.is(cells.length, SEGMENTS)
  assert.is(cells.indexOf('o'), pulse.status.work[0]!.segment)
  assert.equal([counts.own, counts.free], [1, SEGMENTS - 1])
})

test('samples of what was kept and dropped, with their pictures', async () => {
  await until(
    'both are there',
    async () => {
      const outcomes = (await samplesOf()).map(({ outcome }) => outcome)
      return outcomes.includes('kept') && outcomes.includes('similarity')
    },
    WAIT_MS,
  )
  const samples = await samplesOf()
  assert.ok(samples.length <= 48)
  for (const { outcome, similarity, threshold, text, campaign: of } of samples) {
    assert.is(similarity! >= threshold ? 'kept' : 'similarity', outcome)
    assert.match(text, /^a drawing of an /)
    assert.is(of, campaign)
  }
  const response = await fetch(`${dashboard.address}/api/samples/${samples[0]!.id}.jpg`)
  assert.is(response.headers.get('content-type'), 'image/jpeg')
  const { width, height } = await sharp(await response.arrayBuffer()).metadata()
  assert.equal([width, height], [224, 224])
})

test('whatever is put on a list, or asked to be removed, is shown no more', async () => {
  const [listed, removed] = await samplesOf()
  const list = join(dir, 'bad.jsonl')
  await writeFile(list, `${JSON.stringify({ kind: 'url', value: listed!.url })}\n`)
  await daemon.addBlocklist(list, null)
  await daemon.requests.ask({
    ...{ asked: [{ kind: 'url', value: removed!.url }], reason: 'privacy', contact: null },
  })
  for (const { id, url } of [listed!, removed!]) {
    assert.is((await fetch(`${dashboard.address}/api/samples/${id}.jpg`)).status, 404, url)
    assert.not((await samplesOf()).some((sample) => sample.url === url))
  }
})

test('pause puts the work down, resume takes it up', async () => {
  await post('/api/pause')
  await untilPulse('nothing is at work', (pulse) => pulse.status.state === 'paused' && atWork(pulse) === 0)
  await post('/api/resume')
  await untilPulse('it is at work again', (pulse) => pulse.status.state === 'working' && atWork(pulse) === 1)
})

test('more segments at once, then fewer; hours to rest; all told in the limits', async () => {
  await post('/api/limits', { segments: 3 })
  const three = await untilPulse('three are at work', (pulse) => atWork(pulse) === 3)
  assert.is(three.status.limits.segments, 3)
  await post('/api/limits', { segments: 1, bytesPerSecond: 500_000 })
  const hour = new Date().getHours()
  const [from, to] = [(hour + 2) % 24, (hour + 4) % 24]
  await post('/api/limits', { hours: `${from}-${to}` })
  const resting = await untilPulse(
    'it rests',
    (pulse) => pulse.status.state === 'resting' && atWork(pulse) === 0,
  )
  const { hours, segments, bytesPerSecond } = resting.status.limits
  assert.equal(
    { hours, segments, bytesPerSecond },
    { hours: { from, to }, segments: 1, bytesPerSecond: 500_000 },
  )
  await post('/api/limits', { hours: null, bytesPerSecond: null })
  await untilPulse('one is at work', (pulse) => atWork(pulse) === 1)
})

test('the shards that came last are told, their states, and what they have earned', async () => {
  await until(
    'two are done',
    async () => (await get<unknown[]>('/api/shards?lines=2')).length === 2,
    2 * WAIT_MS,
  )
  const [newest] = await get<{ own: boolean; state: string }[]>('/api/shards')
  assert.equal([newest!.own, newest!.state], [true, 'unaudited'])
  assert.equal(await get('/api/standings'), [])
  // nothing counts that nobody has verified
  assert.equal(await get('/api/credits'), [])
  const { points } = await get<{ points: { scored: number }[] }>('/api/history?span=hour')
  assert.ok(points.some(({ scored }) => scored > 0))
})

test('when the node ends, whoever listens is told', async () => {
  const response = await fetch(`${dashboard.address}/events`, { signal: AbortSignal.timeout(WAIT_MS) })
  void daemon.stop()
  const text = Buffer.concat(await Array.fromAsync(response.body as AsyncIterable<Uint8Array>)).toString()
  assert.match(text, /event: ended\ndata: \{\}\n\n$/)
})

test.run()
