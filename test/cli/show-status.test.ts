import stringWidth from 'string-width'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Output } from '../../cli/output.ts'
import { showAudit, showEnding } from '../../cli/show-ending.ts'
import { makeLiveStatus, showStatus } from '../../cli/show-status.ts'
import type { AuditEnding, Ending, Status } from '../../node/daemon/daemon.ts'

const statuses = suite('what a node does')

const CID = 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae'
const failure = {
  campaign: CID,
  code: 'source_refused',
  message: `http://x.example/${'long/'.repeat(30)} \x1b[31mis odd`,
}

const status: Status = {
  ...{ peerId: `12D3KooW${'x'.repeat(44)}`, version: '0.1.0', state: 'working', addresses: [] },
  gateway: 'http://127.0.0.1:4180',
  limits: {
    segments: 2,
    threads: 4,
    hours: { from: 22, to: 6 },
    bytesPerSecond: 2e6,
    diskBytes: 5e10,
    offline: false,
  },
  ...{ peers: 12, seconds: 7200, produced: 1 },
  work: [
    { campaign: CID, segment: 89_999, phase: 'claim', stages: [], since: 0 },
    {
      ...{ campaign: CID, segment: 4, phase: 'run', since: 0 },
      stages: [
        { stage: 'read', done: 5e8, total: 1e9, unit: 'bytes' },
        { stage: 'score', done: 1234, total: null, unit: 'pairs' },
      ],
    },
  ],
  failures: [
    ...Array.from({ length: 20 }, (_, segment) => ({ ...failure, segment })),
    { ...failure, segment: 99, code: 'other' },
  ],
  audits: {
    ...{ waiting: 3, done: 12, seconds: 90, demanded: [], failures: [] },
    current: { campaign: CID, segment: 7, manifest: CID, done: 40, total: 135, since: 0 },
  },
  replicas: { maxBytes: 2e10, shards: 3, bytes: 1.2e9, current: { manifest: CID, done: 1e6, bytes: 4e8 } },
  collected: null,
  campaigns: [
    {
      ...{
        campaign: CID,
        name: `\u202eturned ${'クロール'.repeat(50)}`,
        contact: null,
        organiser: 'x',
        custodians: ['x'],
        segments: 90_000,
      },
      ...{ sources: [], model: 'shoal-mini', trust: 'open', digest: 'ab', secondsLeft: 864_000 },
      looksFor: { tags: [], heads: [] },
      audit: { verifiers: 3, samples: 60 },
      consent: { honoured: ['robots.txt'], ignored: ['XMP'] },
      outlook: { expected: 1.75, trusted: 12 },
      preparing: { done: 12_000_000, total: 600_000_000, unit: 'bytes' },
      trouble: `\u202ethe model can't be had ${'because '.repeat(30)}`,
      counts: {
        segments: 90_000,
        done: 45_000,
        held: 120,
        free: 44_880,
        claims: 200,
        shards: 45_000,
        verdicts: 135_000,
        ...{ removals: 0, vouchedUntil: null },
        states: { unaudited: 0, verified: 45_000, held: 0, disputed: 0, refused: 0 },
        peers: 60,
      },
    },
  ],
}

function collect(show: (output: Output) => void): string[] {
  const lines: string[] = []
  const print = (line = '') => void lines.push(line)
  show({ print, heading: print, emit() {} } as unknown as Output)
  for (const line of lines) {
    assert.ok(stringWidth(line) <= 80, line)
    assert.not.match(line, /[\p{Cc}\u202a-\u202e]/u)
  }
  return lines
}

statuses('limits, campaigns, what is at work, failures by their reasons', () => {
  const text = collect((output) => showStatus(output, status, undefined)).join('\n')
  const limits =
    /2 segments at once, 4 threads, from 22:00 to 6:00, 2\.0 MB\/s from the web, 50\.0 GB of disk/
  assert.match(text.replaceAll('\n', ' '), limits)
  assert.match(text, /3 shards of others replicated, 1\.2 GB of 20\.0 GB; one more comes/)
  assert.match(
    text,
    /█{11}░{11} 50 %, about 10 days left\n45,000 of 90,000 segments done, 120 at work; 60 nodes/,
  )
  assert.match(
    text,
    /\nits model comes: 12\.0 MB of 600 MB\nit is not worked on, and tried again: the model can't be had because/,
  )
  assert.match(text, /segment 89999 of .*: claimed; waits/)
  assert.match(text, /\n {2}read +█{11}░{11} +50 % +500 MB/)
  assert.match(text, /segment 0, 1, 2, 3, 4, 5, 6, 7 and 12 more\n {2}source_refused: http/)
  assert.match(text, /segment 99\n {2}other: /)
})

statuses('each state says what ends it', () => {
  const text = (state: Status['state']) =>
    collect((output) => showStatus(output, { ...status, state }, '/a b')).join('\n')
  assert.match(text('paused'), /paused; to go on:\n {2}(shoal|npm run -s shoal --) resume --data '\/a b'/)
  assert.match(text('full'), /--disk SIZE/)
  assert.match(text('resting'), /until its hours begin/)
})

statuses('a terminal shows rates, and nothing is wider than it', () => {
  let now = 0
  const describe = makeLiveStatus(() => now)
  for (const width of [80, 60, 30])
    for (const line of describe(status, width)) assert.ok(stringWidth(line) <= Math.max(width, 30), line)
  now = 1_000
  const [, at] = status.work
  const later = { ...at!, stages: [{ ...at!.stages[0]!, done: 6e8 }] }
  const lines = describe({ ...status, work: [later] }, 80)
  assert.match(lines[1]!, /read .* 60 % +600 MB +100 MB\/s +4\.0 s left/)
  assert.match(lines[2]!, /^audit of segment 7: looks at rows; 3 more wait$/)
  assert.match(lines[3]!, /audit +█+░+ +29 % +40/)
  assert.match(lines.at(-1)!, /^working, 12 peers, 1 segment done here/)
})

statuses('endings are told with the time, as events and for people', () => {
  const place = { campaign: CID, segment: 7 }
  const tell = (ending: Ending) =>
    collect((output) => showEnding(output, ending, new Date(2026, 0, 1, 9, 8, 7)))
  assert.equal(tell({ ...place, how: 'done', manifest: CID }), [
    '09:08:07  segment 7 is done',
    `          ${CID}`,
  ])
  const [first, second] = tell({ ...place, how: 'failed', code: 'x', message: failure.message })
  assert.match(first!, /^09:08:07 {2}segment 7 failed \(x\):/)
  assert.match(second!, /^ {10}\S/)
  assert.match(tell({ ...place, how: 'given_up' }).join(' '), /given up: others may take it/)
  assert.match(tell({ ...place, how: 'lost' }).join(' '), /another node, which was first/)
  const tellAudit = (audit: AuditEnding) =>
    collect((output) => showAudit(output, audit, new Date(2026, 0, 1, 9, 8, 7)))
  assert.equal(tellAudit({ ...place, manifest: CID, how: 'done', ruling: 'forged' }), [
    '09:08:07  the shard of segment 7 is audited: forged',
    `          ${CID}`,
  ])
  const failed = tellAudit({ ...place, manifest: CID, how: 'failed', code: 'x', message: failure.message })
  assert.match(failed[0]!, /^09:08:07 {2}the shard of segment 7 can't be audited now \(x\):/)
})

statuses.run()
