import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import stringWidth from 'string-width'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeFullArchive, playCrawl } from '../node/daemon/play-crawl.ts'
import { type DaemonProcess, startProcesses, until } from '../node/daemon/start-processes.ts'
import { countsOf, createCampaign, joinCampaign } from '../node/daemon/watch-campaign.ts'
import { type Ended, runShoal } from './run-shoal.ts'

/** Two nodes that have audited each other's shards, in a campaign that wants two verifiers of each. */
const audits = suite('commands of audits')

const SEGMENTS = 2
const NOWHERE = 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae'

let dir = ''
let crawl: Awaited<ReturnType<typeof playCrawl>>
let processes: ReturnType<typeof startProcesses>
let ana: DaemonProcess
let ben: DaemonProcess
let campaign = ''

const atAna = (...args: string[]) =>
  runShoal([...args, '--data', ana.dataDir], { NODE_COMPILE_CACHE: join(dir, 'compiled') })

audits.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-cli-audits-'))
  crawl = await playCrawl()
  processes = startProcesses(dir, { loopback: { hosts: crawl.hosts }, contentionMs: 200, syncEveryMs: 300 })
  ana = await processes.start('ana')
  ben = await processes.start('ben', { peers: [ana.address] })
  const list = join(dir, 'june.txt')
  campaign = await createCampaign(ana, {
    ...{ name: 'june', segments: SEGMENTS, base: crawl.base, list, verifiers: 2 },
  })
  await joinCampaign(ben, campaign)
  await until('each has audited what the other has done', async () => {
    const { done, verdicts } = await countsOf(ana, campaign)
    return done === SEGMENTS && verdicts === SEGMENTS
  })
})
audits.after(async () => {
  await processes.killAll()
  await crawl.close()
  await rm(dir, { recursive: true, force: true })
})

const linesOf = ({ stdout }: Ended) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** It ended so, and what a person reads is plain text of at most 80 columns. */
function reads(ended: Ended, status = 0): string {
  assert.is(ended.status, status, ended.stderr)
  if (status === 0) assert.is(ended.stderr, '')
  for (const line of ended.stdout.split('\n'))
    assert.ok(stringWidth(line.replace(/ --data .*/, '')) <= 80, line)
  return ended.stdout
}

const shards = async () =>
  linesOf(await atAna('shards', '--json')).flatMap(({ shard }) => (shard ? [shard] : []))

audits('shards: states for people, everything for programs, and by a policy of one’s own', async () => {
  const operators = join(dir, 'operators.txt')
  await writeFile(operators, `# those I trust\n${ana.peerId}\n${ben.peerId} # a friend\n`)
  const nobody = join(dir, 'nobody.txt')
  await writeFile(nobody, '')
  const [human, verified, byQuorum, byOperators, byNobody, byStanding] = await Promise.all([
    atAna('shards'),
    atAna('shards', '--state', 'verified'),
    atAna('shards', '--quorum', '1', '--state', 'verified', '--json'),
    atAna('shards', '--quorum', '1', '--operators', operators, '--state', 'verified', '--json'),
    atAna('shards', '--quorum', '1', '--operators', nobody, '--state', 'verified', '--json'),
    atAna('shards', '--quorum', '1', '--least-standing', '9', '--state', 'verified', '--json'),
  ])
  assert.match(reads(human), /june\nbafy\w+\n2 unaudited\nsegment 0: unaudited: 1 good of 2 needed\n {2}bafy/)
  assert.not.match(reads(verified), /segment \d/)
  const counts = [byQuorum, byOperators, byNobody, byStanding].map((ended) => linesOf(ended).at(-1).listed)
  assert.equal(counts, [SEGMENTS, SEGMENTS, 0, 0])
  const [shard] = await shards()
  assert.equal([shard.segment, shard.state, shard.good, shard.needed], [0, 'unaudited', 1, 2])
  const other = shard.producer === ana.peerId ? ben.peerId : ana.peerId
  assert.equal(
    shard.verdicts.map((one: Record<string, unknown>) => [one.verifier, one.ruling, one.counts]),
    [[other, 'good', true]],
  )
  const one = reads(await atAna('shards', shard.manifest))
  assert.match(one, new RegExp(`state +unaudited[^]*good\\n${shard.verdicts[0].verdict}\\n  of ${other}`))
})

audits('verify: an audit on demand, and one repeated', async () => {
  const [{ manifest, verdicts }] = await shards()
  const [human, json, replayed] = await Promise.all([
    atAna('verify', manifest),
    atAna('verify', manifest, '--json'),
    atAna('verify', manifest, '--replay', verdicts[0].verdict),
  ])
  assert.match(
    reads(human),
    /looked at +match +alike +unverifiable +forged +of\n4 rows kept +4 +0 +0 +0 +4\n/,
  )
  assert.match(human.stdout, /\nruling: good\n$/)
  const [shown] = linesOf(json)
  assert.is(shown.ruling, 'good')
  assert.is(shown.rows.length, 4 + 15)
  assert.equal(shown.counts, { matched: 19, unverifiable: 0, forged: 0 })
  assert.match(reads(replayed), /A verdict repeated\n[\s\S]*who says: good\n[\s\S]*Nothing contradicts it/)
  assert.is((await countsOf(ana, campaign)).verdicts, SEGMENTS, 'nobody is told')
})

audits('verify: what the archive does not hold is forged, and the verdict that passed it a lie', async () => {
  const [, { manifest, segment, verdicts }] = await shards()
  crawl.give(`june-${segment}`, makeFullArchive(4))
  const [human, json, replayed] = await Promise.all([
    atAna('verify', manifest),
    atAna('verify', manifest, '--json'),
    atAna('verify', manifest, '--replay', verdicts[0].verdict),
  ])
  assert.match(
    reads(human, 1),
    /4 rows kept +0 +0 +0 +4 +4\n[\s\S]*kept \d: forged \(row_absent\)\n[\s\S]*ruling: forged\n$/,
  )
  assert.match(human.stderr, /^error \(shard_forged\): [^\n]+\n$/)
  assert.is(json.status, 1)
  assert.is(linesOf(json)[0].ruling, 'forged')
  assert.match(reads(replayed, 1), /the verdict says match; a contradiction/)
  assert.match(replayed.stderr, /^error \(verdict_contradicted\): [^\n]+\n$/)
})

audits('credit: by node, operator and team; audits alone, while nothing is verified', async () => {
  const [human, byTeam, json, unknown] = await Promise.all([
    atAna('credit'),
    atAna('credit', campaign, '--by', 'team'),
    atAna('credit', '--json'),
    atAna('credit', NOWHERE),
  ])
  const table = reads(human)
  assert.match(table, new RegExp(`^…${ana.peerId.slice(-12)}, this node `, 'm'))
  assert.match(table, new RegExp(`^…${ben.peerId.slice(-12)} `, 'm'))
  assert.match(reads(byTeam), /no node has named its team/)
  const credits = linesOf(json).flatMap(({ credit }) => (credit ? [credit] : []))
  assert.equal(credits.map(({ peer }) => peer).sort(), [ana.peerId, ben.peerId].sort())
  assert.is(
    credits.reduce((total, { audits }) => total + audits, 0),
    SEGMENTS,
  )
  assert.ok(credits.every((one) => one.segments === 0 && one.campaign === campaign))
  assert.match(unknown.stderr, /campaign_unknown|takes no part/)
  assert.is(unknown.status, 1)
})

audits('standing: of all nodes, or of one', async () => {
  const [all, one, json] = await Promise.all([
    atAna('standing'),
    atAna('standing', ben.peerId),
    atAna('standing', ana.peerId, '--json'),
  ])
  assert.match(reads(all), /Nothing is known of any node yet/)
  assert.match(
    reads(one),
    new RegExp(`${ben.peerId}\n  shards: 1 unaudited\n  0 valid in a row; its next needs 2`),
  )
  const [{ standing }] = linesOf(json)
  assert.equal([standing.own, standing.valid, standing.offences], [true, 0, []])
})

audits('status and campaign show tell what audits cost', async () => {
  const [status, shown] = await Promise.all([atAna('status'), atAna('campaign', 'show', campaign)])
  assert.match(
    reads(status),
    /1 shard of others audited, which took .* s\n[\s\S]*audits: 2 verifiers x 60 rows a shard/,
  )
  assert.match(reads(shown), /audits +2 verifiers x 60 rows a shard of nodes without a record/)
})

audits('failures name the thing and say what to do', async () => {
  const [{ manifest }] = await shards()
  const cases: [string, string[], number?][] = [
    ['shard_unknown', ['verify', NOWHERE]],
    ['shard_unknown', ['shards', NOWHERE]],
    ['cid_invalid', ['verify', '\x1b[31m']],
    ['verdict_unknown', ['verify', manifest, '--replay', NOWHERE]],
    ['peer_invalid', ['standing', 'somebody']],
    ['operators_unreadable', ['shards', '--operators', join(dir, 'none.txt')]],
    ['usage', ['shards', '--state', 'good'], 2],
    ['usage', ['shards', '--quorum', '0'], 2],
  ]
  for (const [code, args, status = 1] of cases) {
    const ended = await atAna(...args)
    assert.is(ended.status, status, ended.stdout)
    assert.match(ended.stderr, new RegExp(`^error \\(${code}\\): [^\\n\\x1b]+\\n$`))
  }
})

audits.run()
