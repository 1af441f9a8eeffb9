import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { playCrawl } from './play-crawl.ts'
import { type DaemonProcess, startProcesses, until } from './start-processes.ts'
import { countsOf, createCampaign, joinCampaign } from './watch-campaign.ts'

/** Four daemons as four processes do a small crawl, and look at each other's shards. */
const SEGMENTS = 6
const LONG_MS = 60_000

let dir = ''
let crawl: Awaited<ReturnType<typeof playCrawl>>
let processes: ReturnType<typeof startProcesses>

const audits = suite('audits')

audits.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-audits-'))
  crawl = await playCrawl()
  processes = startProcesses(dir, { loopback: { hosts: crawl.hosts }, contentionMs: 300, syncEveryMs: 1_000 })
})

audits.after(async () => {
  await processes.killAll()
  await crawl.close()
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

let nodes: DaemonProcess[] = []
let campaign = ''

test('every shard is audited by the others, and becomes verified', async () => {
  const a = await processes.start('a')
  const others = await Promise.all(
    ['b', 'c', 'd'].map((name) => processes.start(name, { peers: [a.address] })),
  )
  nodes = [a, ...others]
  campaign = await createCampaign(a, {
    ...{ name: 'small', segments: SEGMENTS, base: crawl.base, list: join(dir, 'small.txt') },
  })
  await Promise.all(others.map((node) => joinCampaign(node, campaign)))
  const counts = await until(
    'all shards are verified, for all nodes',
    async () => {
      const all = await Promise.all(nodes.map((node) => countsOf(node, campaign)))
      const same = new Set(all.map(({ digest }) => digest)).size === 1
      return same && all.every(({ states }) => states.verified === SEGMENTS) && all
    },
    LONG_MS,
  )
  assert.is(counts[0]!.done, SEGMENTS)
  assert.is(counts[0]!.verdicts, 3 * SEGMENTS)
})

audits.run()
