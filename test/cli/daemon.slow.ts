import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import stringWidth from 'string-width'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeFailure } from '../../cli/failure.ts'
import { askDaemon } from '../../node/control.ts'
import type { SegmentStanding } from '../../node/daemon/daemon.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { listArchives, playCrawl } from '../node/daemon/play-crawl.ts'
import { type DaemonProcess, startProcesses, until } from '../node/daemon/start-processes.ts'
import { type Ended, runShoal, startShoal } from './run-shoal.ts'

/**
 * Two nodes on this machine and the commands of their owners: Ana's, whose web is played so that it can work, and
 * Ben's, which the program itself has started.
 */
const daemon = suite('commands of a daemon')

const SEGMENTS = 3
const NOWHERE = 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae'

let dir = ''
let crawl: Awaited<ReturnType<typeof playCrawl>>
let processes: ReturnType<typeof startProcesses>
let ana: DaemonProcess
let ben: ReturnType<typeof startShoal>
let benSaid = ''
let campaign = ''

/** Most of a command's time is the reading of code. */
const cached = () => ({ NODE_COMPILE_CACHE: join(dir, 'compiled') })
const atAna = (...args: string[]) => runShoal([...args, '--data', ana.dataDir], cached())
const atBen = (...args: string[]) => runShoal([...args, '--data', join(dir, 'ben')], cached())

daemon.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-cli-'))
  crawl = await playCrawl()
  processes = startProcesses(dir, { loopback: { hosts: crawl.hosts }, contentionMs: 200, syncEveryMs: 300 })
  ana = await processes.start('ana')
  ben = startShoal([
    ...[
      'start',
      '--local',
      '--gateway',
      '127.0.0.1:0',
      '--json',
      '--data',
      join(dir, 'ben'),
      '--peer',
      ana.address,
    ],
    ...['--segments', '2', '--threads', '1', '--disk', '1GB', '--hours', '0-24', '--bandwidth', '2MB/s'],
  ])
  ben.child.stdout.on('data', (text) => (benSaid += text))
  await until('Ben is ready', () => benSaid.includes('"ready"'))
})
daemon.after(async () => {
  ben.child.kill('SIGKILL')
  await processes.killAll()
  await crawl.close()
  await rm(dir, { recursive: true, force: true })
})

const lastLine = ({ stdout }: Ended) => JSON.parse(stdout.trimEnd().split('\n').at(-1)!)

/** It ended well, and what a person reads is plain text of at most 80 columns. */
function reads(ended: Ended): string {
  assert.is(ended.status, 0, ended.stderr)
  assert.is(ended.stderr, '')
  assert.not.match(ended.stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/, 'control characters')
  // but for a command to be copied, which is as long as the place of the data
  for (const line of ended.stdout.split('\n'))
    assert.ok(stringWidth(line.replace(/ --data .*/, '')) <= 80, line)
  return ended.stdout
}

function fails(ended: Ended, code: string, status = 1): string {
  assert.is(ended.status, status, ended.stdout)
  assert.is(ended.stdout, '')
  assert.match(ended.stderr, new RegExp(`^error \\(${code}\\): [^\\n\\x1b]+\\n$`))
  return ended.stderr
}

daemon('a node without campaigns says what to do next', async () => {
  const [status, segments, peers] = await Promise.all([atBen('status'), atBen('segments'), atBen('peers')])
  assert.match(reads(status), /no campaign yet:\n {2}shoal campaign join CID --data/)
  assert.match(
    status.stdout,
    /limits: 2 segments at once, 1 thread, from 0:00 to 24:00.*\n?.*1\.0 GB of disk/,
  )
  assert.match(reads(segments), /No campaign here yet/)
  assert.match(reads(peers), new RegExp(`1 peer connected\n${ana.peerId}\n {2}shoal/.*called .* ago`))
  assert.not.match(peers.stdout, /\/p2p\//)
})

daemon('a campaign is created, and worked on to its end', async () => {
  const list = join(dir, 'june.txt')
  await writeFile(list, listArchives('june', SEGMENTS).join('\n'))
  const name = `june ${'of the year '.repeat(15)}`.trim()
  const created = await atAna(
    ...['campaign', 'create', list, '--base', crawl.base, '--name', name, '--contact', 'a@example.org'],
  )
  assert.match(reads(created), /A campaign of 3 segments\.[^\n]+\nbafy\w+\nThis node works on it: .*status/)
  campaign = /^bafy\w+$/m.exec(created.stdout)![0]
  await until('all segments are done', async () => {
    const { campaigns } = await ana.ask('status')
    return campaigns[0]!.counts!.done === SEGMENTS
  })
  const done = lastLine(await atAna('status', '--json'))
  assert.is(done.state, 'working')
  assert.is(done.limits.segments, 1)
  assert.is(done.produced, SEGMENTS)
  const [status, shown, listed] = await Promise.all([
    atAna('status'),
    atAna('campaign', 'show', campaign),
    atAna('campaign', 'list'),
  ])
  assert.match(reads(status), /█{22} 100 %\n3 of 3 segments done, 0 at work; 1 node in the last day/)
  assert.match(reads(shown), new RegExp(`campaign +${campaign}\norganiser +${ana.peerId}`))
  assert.match(shown.stdout, /standing +3 done, 0 at work/)
  assert.match(reads(listed), /: 3 of 3 segments done/)
})

daemon('segments: rows for people, a line each for programs', async () => {
  const [human, one, json, page] = await Promise.all([
    atAna('segments'),
    atAna('segments', '--lines', '1'),
    atAna('segments', '--json'),
    atAna('segments', '--json', '--lines', '2'),
  ])
  assert.match(reads(human), /3 segments: 3 done, 0 at work, 0 free/)
  assert.is(
    human.stdout.match(/^ +\d {2}done {3} *this node\n +bafyrei\w{52}$/gm)?.length,
    SEGMENTS,
    human.stdout,
  )
  assert.match(reads(one), /and 2 more/)
  const rows = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const result = rows.pop()
  assert.equal(
    rows.map(({ segment }) => [segment.segment, segment.state, segment.own]),
    [
      [0, 'done', true],
      [1, 'done', true],
      [2, 'done', true],
    ],
  )
  assert.is(result.listed, SEGMENTS)
  assert.is(result.campaigns[0].counts.done, SEGMENTS)
  assert.is(lastLine(page).listed, 2)
})

daemon('another node joins, and gets a shard that it did not make', async () => {
  await atBen('pause')
  assert.match(
    reads(await atBen('campaign', 'join', campaign)),
    /takes part in june .*\nIt has 3 segments; see/,
  )
  const manifest = await until('Ben knows of the shards', async () => {
    const argument = { state: 'done', after: null, limit: 1 }
    const [segment] = (await askDaemon(join(dir, 'ben'), {
      command: 'segments',
      argument,
    })) as SegmentStanding[]
    return segment?.manifest
  })
  fails(await atBen('fetch', manifest), 'shard_unverified')
  const fetched = reads(await atBen('fetch', manifest, '--unverified'))
  assert.match(fetched, new RegExp(`manifest +${manifest}\n[^]*verified +yes[^]*shoal export CID`))
  const [again, shown, listed, exported] = await Promise.all([
    atBen('fetch', manifest, '--unverified', '--json'),
    atBen('shard', 'show', manifest, '--json'),
    atBen('shard', 'list', '--json'),
    atBen('export', manifest, '--format', 'jsonl', '--out', join(dir, 'pairs.jsonl'), '--json'),
  ])
  assert.is(lastLine(again).shard.verified, true)
  assert.equal(lastLine(again).sources, [], 'nothing is fetched twice')
  assert.equal(lastLine(shown), lastLine(again).shard, 'as the shard commands have it, while the node runs')
  assert.equal(
    lastLine(listed).shards.map((shard: { manifest: string }) => shard.manifest),
    [manifest],
  )
  assert.is(lastLine(exported).rows, lastLine(shown).pairs)
})

daemon('pause and resume show in the state, with the way on', async () => {
  assert.match(reads(await atBen('status')), /^paused; to go on:\n {2}shoal resume --data/m)
  assert.match(reads(await atBen('resume')), /works again/)
  assert.is(lastLine(await atBen('status', '--json')).state, 'working')
  assert.equal(lastLine(await atBen('pause', '--json')), { done: 'pause' })
})

daemon('what others could have written does no harm to a terminal', async () => {
  const hostile = (name: string) =>
    atBen(
      ...[
        'campaign',
        'create',
        join(dir, 'june.txt'),
        '--base',
        crawl.base,
        '--contact',
        'a@b.eu',
        '--name',
        name,
      ],
    )
  const refused = await hostile('\x1b]0;owned\x07 red')
  fails(refused, 'campaign_field')
  const turned = await hostile('safe \u202egpj.exe')
  if (turned.status === 0)
    for (const words of ['status', 'campaign list', 'segments']) reads(await atBen(...words.split(' ')))
  else fails(turned, 'campaign_field')
})

daemon('failures name the thing and say what to do', async () => {
  const nobody = (...args: string[]) => runShoal([...args, '--data', join(dir, 'nobody')], cached())
  const absent = ['status', 'peers']
  for (const ended of await Promise.all(absent.map((words) => nobody(...words.split(' ')))))
    assert.match(fails(ended, 'daemon_absent'), /start it with shoal start --data/)
  const port = /\/tcp\/\d+/.exec(ana.address)![0]
  const cases: [string, string[], number?][] = [
    ['cid_invalid', ['campaign', 'join', '\x1b[31m']],
    ['block_missing', ['fetch', NOWHERE]],
    ['gateway_invalid', ['fetch', NOWHERE, '--gateway', 'http://example.org']],
    ['campaign_unknown', ['campaign', 'show', NOWHERE]],
    ['address_invalid', ['campaign', 'join', NOWHERE, '--peer', '/ip4/127.0.0.1/tcp/1']],
    ['daemon_running', ['start', '--local']],
    ['store_locked', ['crawl', join(dir, 'june.txt'), '--kind', 'warc']],
    ['size_invalid', ['start', '--disk', '50Gb'], 2],
    ['size_invalid', ['start', '--bandwidth', '1B'], 2],
    ['listen_failed', ['start', '--listen', `/ip4/127.0.0.1${port}`, '--local', '--data', join(dir, 'late')]],
  ]
  const ends = cases.map(([, args]) =>
    runShoal(args.includes('--data') ? args : [...args, '--data', join(dir, 'ben')], cached()),
  )
  for (const [i, ended] of (await Promise.all(ends)).entries()) fails(ended, cases[i]![0], cases[i]![2])
  assert.is(describeFailure(new ShoalError('hours_invalid', ''), null).status, 2, 'bad usage as well')
})

daemon('only its owner gets to the socket', async () => {
  if (process.platform === 'win32') return
  const control = join(dir, 'ben', 'control')
  assert.is((await stat(control)).mode & 0o777, 0o700)
  assert.is((await stat(join(control, 'socket'))).mode & 0o777, 0o600)
})

daemon('Ctrl-C ends it in order; a pipe gets events alone', async () => {
  const before = performance.now()
  ben.child.kill('SIGINT')
  const { status, stdout, stderr } = await ben.ended
  assert.is(status, 0)
  assert.ok(performance.now() - before < 60_000)
  assert.is(stderr, '')
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.match(events[0].ready.peerId, /^12D3Koo/)
  assert.equal(events.at(-1), { stopped: true })
  fails(await atBen('status'), 'daemon_absent')
  assert.match(reads(await atBen('log')), /info +the node has stopped\n$/)
})

daemon('stop returns when the node has ended', async () => {
  assert.match(reads(await atAna('stop')), /^Stopped/)
  fails(await atAna('status'), 'daemon_absent')
  assert.is((await atAna('shard', 'list')).status, 0, 'its directory is free')
})

daemon.run()
