import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, startDaemon } from '../../../node/daemon/daemon.ts'
import { type Dashboard, serveDashboard } from '../../../node/dashboard/dashboard.ts'
import { openLog } from '../../../node/log.ts'
import { listArchives, makeFullArchive, playCrawl } from '../daemon/play-crawl.ts'

/** About a second of work each. */
const PAGES = 250

/**
 * A node with a dashboard and a gateway, at work on a crawl that is played on this machine; all of it goes with the stack.
 *
 * @param campaign - its name, and segments
 */
export async function playDashboard(
  stack: AsyncDisposableStack,
  campaign: { name: string; segments: number },
): Promise<{ daemon: Daemon; dashboard: Dashboard }> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-page-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const crawl = await playCrawl()
  stack.defer(() => crawl.close())
  const archive = makeFullArchive(PAGES)
  for (let i = 0; i < campaign.segments; i++) crawl.give(`full-${i}`, archive)
  const list = join(dir, 'list.txt')
  await writeFile(list, listArchives('full', campaign.segments).join('\n'))
  const dataDir = join(dir, 'data')
  const log = openLog('info', { file: join(dataDir, 'shoal.log') })
  const daemon = await startDaemon({
    ...{ dataDir, log, clock: Date.now, threads: 1, segments: 1 },
    ...{ hours: null, diskBytes: null, bytesPerSecond: null, model: null, offline: false },
    ...{ listen: ['/ip4/127.0.0.1/tcp/0'], local: true, peers: [], loopback: { hosts: crawl.hosts } },
    ...{ gateway: { host: '127.0.0.1', port: 0 }, contentionMs: 100 },
  })
  stack.defer(() => daemon.stop())
  const dashboard = await serveDashboard(daemon, { dataDir, listen: { host: '127.0.0.1', port: 0 }, log })
  stack.defer(() => dashboard.close())
  await daemon.create({
    ...{ name: campaign.name, contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: null },
    ...{ files: [list], kind: null, base: crawl.base, parts: 1 },
  })
  return { daemon, dashboard }
}
