import { availableParallelism } from 'node:os'
import { serveControl } from '../../node/control.ts'
import type { AuditEnding, Daemon, DaemonOptions, Ending } from '../../node/daemon/daemon.ts'
import type { Dashboard, LimitChanges } from '../../node/dashboard/dashboard.ts'
import { chooseLevel, type Log, openLog } from '../../node/log.ts'
import { findDataDir, logFile } from '../../node/paths.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { isContact } from '../../protocol/records/campaign.ts'
import { findConfig, saveLimits } from '../config.ts'
import { tryControl } from '../control.ts'
import type { Context } from '../declarations.ts'
import type { Sites } from '../demo/sites.ts'
import { createNamed, joinNamed, nameModel, readCampaigns } from '../join-named.ts'
import type { Options } from '../options.ts'
import type { Output } from '../output.ts'
import { UsageError } from '../parse.ts'
import { parsePlace } from '../parse-place.ts'
import { readCalled } from '../read-called.ts'
import { readListen } from '../read-listen.ts'
import { showAudit, showEnding } from '../show-ending.ts'
import { makeLiveStatus } from '../show-status.ts'
import { suggest } from '../suggest.ts'

/** Milliseconds between two pictures of what it does. */
const DRAW_MS = 1_000

export async function run(context: Context): Promise<void> {
  const { options, output, signal } = context
  if ((await tryControl(context, 'status').catch(() => undefined)) !== undefined)
    throw new ShoalError(
      'daemon_running',
      `a node runs here already: see ${suggest('status', options.data)}, or name another directory with --data`,
    )
  const dataDir = findDataDir(options.data)
  const named = readCampaigns(options.campaign)
  const log = openLog(chooseLevel(options.verbose), options.verbose ? 'stderr' : { file: logFile(dataDir) })
  const { answerControl, parseHours, startDaemon } = await import('../../node/daemon/daemon.ts')
  const onEnd = (ending: Ending) => showEnding(output, ending)
  const onAudit = (audit: AuditEnding) => showAudit(output, audit)
  const hours = options.hours === undefined ? null : parseHours(options.hours)
  // nothing of it leaves the machine
  const local = options.local || named.demo
  await using sites = named.demo ? await openSites() : null
  const daemon = await startDaemon({
    ...readLimits({ ...options, local }),
    ...{ dataDir, hours, log, onEnd, onAudit, onlyOwn: named.demo },
  })
  const control = await serveControl(dataDir, (request, running) =>
    answerControl(daemon, request, running),
  ).catch(async (error) => {
    await daemon.stop()
    throw error
  })
  const close = async (error: unknown) => {
    await control.close()
    await daemon.stop()
    throw error
  }
  await createNamed(daemon, named.files, sites, options).catch(close)
  const dashboard = await startDashboard(
    daemon,
    { dataDir, log, onLimits: saveLimits(findConfig(options)) },
    options,
  ).catch(close)
  const stop = () => {
    output.print('Stopping. A second Ctrl-C ends it at once.')
    void daemon.stop()
  }
  signal.addEventListener('abort', stop)
  await tellReady(output, daemon, dashboard, options.data)
  log.info('the node is ready')
  if (signal.aborted) stop()
  const ending = new AbortController()
  void joinNamed(daemon, named.cids, { output, log, signal: ending.signal })
  const drawing = draw(output, daemon, signal)
  try {
    await daemon.ended
  } finally {
    ending.abort()
    clearInterval(drawing)
    signal.removeEventListener('abort', stop)
    await dashboard?.close()
    await control.close()
  }
  log.info('the node has stopped')
  output.print('Stopped; what was at work goes on where it was, next time.')
  output.emit({ stopped: true })
}

function readLimits(options: Options): Omit<DaemonOptions, 'dataDir' | 'hours' | 'log'> {
  const { local, offline, model, peer } = options
  return {
    ...{ local, offline, clock: Date.now, loopback: null },
    segments: options.segments ?? 1,
    threads: options.threads ?? availableParallelism(),
    device: options.device ?? 'auto',
    diskBytes: options.disk ?? null,
    replicateBytes: options.replicate ?? null,
    called: readCalled(options),
    bytesPerSecond: options.bandwidth ?? null,
    model: nameModel(model),
    precision: options.precision ?? null,
    contact: readContact(options.contact),
    listen: readListen(options),
    peers: peer === undefined ? [] : peer.split(','),
    gateway: parsePlace('gateway', options.gateway),
    // they are had at the dashboard
    metrics: parsePlace('dashboard', options.dashboard) !== null,
  }
}

function readContact(contact: string | undefined): string | null {
  if (contact === undefined || isContact(contact)) return contact ?? null
  throw new UsageError(`the contact ${JSON.stringify(contact.slice(0, 60))} is no e-mail or https address`)
}

async function openSites(): Promise<Sites & AsyncDisposable> {
  const { startSites } = await import('../demo/sites.ts')
  const sites = await startSites()
  return { ...sites, [Symbol.asyncDispose]: sites.close }
}

async function startDashboard(
  daemon: Daemon,
  parts: { dataDir: string; log: Log; onLimits: (changes: LimitChanges) => Promise<void> },
  options: Options,
): Promise<Dashboard | null> {
  const listen = parsePlace('dashboard', options.dashboard)
  if (listen === null) return null
  const { serveDashboard } = await import('../../node/dashboard/dashboard.ts')
  return serveDashboard(daemon, { ...parts, listen })
}

async function tellReady(
  output: Output,
  daemon: Daemon,
  dashboard: Dashboard | null,
  data: string | undefined,
): Promise<void> {
  const { peerId, addresses, gateway, campaigns } = await daemon.status()
  const names = campaigns.map(({ campaign }) => campaign)
  output.emit({
    ready: { peerId, addresses, gateway, dashboard: dashboard?.address ?? null, campaigns: names },
  })
  output.print(`This node is ${peerId}`)
  output.print('Others reach it at')
  // whole, so that they can be copied
  for (const address of addresses) output.print(`  ${address}`)
  if (dashboard !== null) {
    output.print(`What it does is shown at ${dashboard.address}/`)
    output.print(`To change something there: ${suggest('dashboard', data)}`)
  }
  if (gateway !== null) {
    output.print(`Blocks and CAR files are at ${gateway}`)
    output.print(`People look up what was collected, and opt out, at ${gateway}/`)
  }
  output.print(
    campaigns.length === 0
      ? `It takes part in no campaign yet: ${suggest('campaign join CID', data)}`
      : `It takes part in ${campaigns.length} campaign${campaigns.length === 1 ? '' : 's'}: ${suggest('status', data)}`,
  )
  output.print('Ctrl-C stops it.')
}

/** Draw what it does, on a terminal. */
function draw(output: Output, daemon: Daemon, signal: AbortSignal): NodeJS.Timeout {
  const describe = makeLiveStatus(Date.now)
  return setInterval(async () => {
    if (!output.drawsLive || signal.aborted) return
    const { columns = 80, rows = 24 } = process.stderr
    output.live(describe(await daemon.status(), columns).slice(0, rows - 1))
  }, DRAW_MS)
}
