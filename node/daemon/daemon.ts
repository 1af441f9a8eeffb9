// before all that makes objects
import '../small-nursery.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import type { ShoalError } from '../../protocol/errors.ts'
import { openCampaign } from '../campaigns/campaigns.ts'
import { manageBlocklists } from '../manage-blocklists.ts'
import { manageCampaigns } from '../manage-campaigns.ts'
import { manageCars } from '../manage-cars.ts'
import { manageDenylists } from '../manage-denylist.ts'
import { manageExports } from '../manage-exports.ts'
import { manageFeeds } from '../manage-feeds.ts'
import { manageReleases } from '../manage-releases.ts'
import { manageShards } from '../manage-shards.ts'
import { parseCampaign } from '../parse-cid.ts'
import { openGate } from '../safety/safety.ts'
import { type AuditEnding, startAuditor } from './auditor.ts'
import type { AuditOutlook } from './choose-audits.ts'
import { connectRemovals } from './connect-removals.ts'
import { type Credit, openCredits } from './credit.ts'
import { watchDisk } from './disk.ts'
import { dropRefused } from './drop-refused.ts'
import type { FetchRequest, FetchResult } from './fetch-wanted.ts'
import { startFetches } from './fetches.ts'
import { hearShards } from './hear-shards.ts'
import { isWithin } from './hours.ts'
import { startKeeper } from './keeper.ts'
import { type Limits, readLimits } from './limits.ts'
import { listJudged, type ShardStanding } from './list-judged.ts'
import { listSegments, type SegmentStanding, type SegmentsRequest } from './list-segments.ts'
import { listStandings, type PeerRecord } from './list-standings.ts'
import { mapSegments } from './map.ts'
import { startMembership } from './membership.ts'
import { startMeters } from './meters.ts'
import { watchShards } from './newest-shards.ts'
import { prepareModels } from './obtain-model.ts'
import type { Daemon } from './offers.ts'
import { openParts } from './open-parts.ts'
import type { DaemonOptions } from './options.ts'
import { openOwnCampaigns } from './own-campaigns.ts'
import { startProducer } from './produce-segment.ts'
import { provideShards } from './provide-shards.ts'
import type { Pulse } from './pulse.ts'
import { keepSamples, type Sample } from './samples.ts'
import { type Status, startStatus } from './status.ts'
import { startToolbox } from './toolbox.ts'
import type { Verification, VerifiedRow } from './verify-shard.ts'
import { type Ending, startWorker } from './worker.ts'

export { answerControl, type ControlAnswers } from './answer-control.ts'
export { auditShard } from './audit-shard.ts'
export { parseHours } from './hours.ts'
export type { Daemon } from './offers.ts'
export type { DaemonOptions } from './options.ts'
export { startProducer } from './produce-segment.ts'
export type { CampaignModel, ModelRequest } from './pull-model.ts'
export type {
  AuditEnding,
  AuditOutlook,
  Credit,
  Ending,
  FetchRequest,
  FetchResult,
  Limits,
  PeerRecord,
  Pulse,
  Sample,
  SegmentStanding,
  SegmentsRequest,
  ShardStanding,
  Status,
  Verification,
  VerifiedRow,
}

/** Milliseconds between two looks at the clock, whether it is time to work or to rest. */
const LOOK_MS = 15_000
/** Milliseconds that the last records have to leave this machine. */
const FAREWELL_MS = 300

/**
 * Start a node that takes part in its campaigns until it is told to end.
 *
 * @throws ShoalError as `openParts`
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { log, clock, dataDir } = options
  const { threads, offline } = options
  await using opened = new AsyncDisposableStack()
  const parts = await openParts(options)
  opened.defer(parts.close)
  const { home, ledger, removals, hiding, denied, shared, metrics, network, search, people } = parts
  let paused = false
  let draining = false
  const { hours, bytesPerSecond, diskBytes, segments } = options
  const limits: Limits = { hours, bytesPerSecond, diskBytes, segments }
  const live: DaemonOptions = {
    ...options,
    get diskBytes() {
      return limits.diskBytes
    },
  }
  const disk = watchDisk(dataDir, options.diskBytes)
  const mayWork = () => !paused && (limits.hours === null || isWithin(limits.hours, new Date(clock())))

  const hearings = hearShards(ledger, clock)
  opened.defer(hearings.close)
  const recent = watchShards(ledger, home.signer.publicKey)
  opened.defer(recent.close)
  opened.defer(dropRefused(home, ledger, log))
  const shards = provideShards(home, network, log)
  opened.defer(() => shards.close())
  const models = prepareModels(network, shared, live)
  opened.defer(() => models.close())
  const membership = startMembership(home, ledger, network, {
    ...{ log, syncEveryMs: options.syncEveryMs, onReady: wake, onLeave: models.forget },
    prepare: async (id) => models.prepare(id, await openCampaign(home.store, id)),
  })
  opened.defer(() => membership.close())
  opened.defer(connectRemovals(removals, { home, ledger, network, membership }, { clock, log }))
  const own = await openOwnCampaigns(home)
  const isReady = (id: CID) => membership.isReady(id) && own.isHere(id) && (!options.onlyOwn || own.has(id))
  const signing = { ledger, network, signer: home.signer, clock }
  const keeper = startKeeper(
    { home, ledger, network, disk },
    {
      ...{ ...options, mayWork, isReady: membership.isReady, onChange: shards.look },
      onFatal: (error) => fail(error),
    },
  )
  opened.defer(() => keeper.close())
  // who sees no web could only say that nothing can be verified
  const audits = !offline && !options.withoutAudits
  const openGateOf = (id: CID) => openGate(home.blocklists, removals, id)
  const toolbox = startToolbox(signing, {
    ...{ ...options, sites: home.store.sites },
    ...{ openGate: openGateOf, hostsOf: own.hostsOf },
  })
  opened.defer(() => toolbox.close())
  const meters = await startMeters({ home, network, shared, people, toolbox, metrics }, options)
  opened.defer(meters.close)
  const auditor = startAuditor(
    { home, ledger, network, toolbox, hearings },
    {
      ...{ log, clock, threads, offline, mayBegin: keeper.hasRoom, onAudit: meters.onAudit },
      mayWork: () => audits && mayWork(),
      isReady,
      onCaughtUp: () => worker.wake(),
      onFatal: (error) => fail(error),
      auditShard: options.auditShard,
    },
  )
  const samples = keepSamples({ hiding, clock, openGate: openGateOf })
  const worker = startWorker(
    {
      ...signing,
      producer: (options.startProducer ?? startProducer)(home, toolbox, {
        ...options,
        samples,
        locate: own.locate,
      }),
    },
    {
      ...{ ...options, mayWork, isReady, isAlone: own.has },
      ...{ onAmount: meters.onAmount, onEnd: meters.onEnd },
      // verification keeps up with the crawl
      mayBegin: async () =>
        !options.withoutWork && (!audits || auditor.letsWork()) && (await keeper.hasRoom()),
    },
  )
  function wake(): void {
    auditor.wake()
    worker.wake()
  }
  function look(): void {
    auditor.look()
    keeper.look()
    worker.look()
    shards.look()
    denied.look()
  }
  const timer = setInterval(look, LOOK_MS)
  for (const { id } of ledger.campaigns().filter(({ id }) => !options.onlyOwn || own.has(id)))
    void membership.enter(id).catch((error: Error) => log.error({ error }, 'a campaign was not entered'))

  const kept = opened.move()
  const fetches = startFetches({ home, ledger, network, removals, hiding }, live)
  let closing = false
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  ended.catch(() => {})
  function end(how: 'now' | 'later'): Promise<void> {
    worker.end(how)
    auditor.end(how)
    keeper.end()
    if (closing) return ended
    closing = true
    Promise.all([worker.ended, auditor.ended, keeper.ended, fetches.end()])
      .then(() => sleep(FAREWELL_MS))
      .finally(() => {
        clearInterval(timer)
        return kept.disposeAsync()
      })
      .then(resolve, reject)
    return ended
  }

  function fail(error: ShoalError): void {
    log.fatal({ code: error.code, message: error.message }, 'the node can not go on')
    void end('now')
  }
  worker.ended.catch(fail)

  function state(): Status['state'] {
    if (draining) return 'draining'
    if (paused) return 'paused'
    if (!mayWork()) return 'resting'
    return disk.isFull() ? 'full' : 'working'
  }

  const { createOf, ...campaigns } = manageCampaigns(home, ledger, dataDir)
  const status = startStatus({ network, ledger, worker, auditor, keeper, models, campaigns }, options, {
    ...{ state, limits },
    gateway: people.gateway?.address ?? null,
  })
  return {
    ...campaigns,
    ...manageShards(home, hiding, clock),
    ...manageCars(home, async () => denied.guard(home.blocks)),
    ...manageDenylists(home, denied),
    ...manageFeeds(home, removals, clock),
    ...manageBlocklists(home),
    ...{
      search: search.search,
      whois: search.whois,
      searchProgress: search.progress,
      requests: people.requests,
    },
    ...manageExports(home, { ledger, removals, hiding }, clock),
    ...manageReleases(home, ledger, removals, clock),
    ...keeper.pins,
    async create(request) {
      const created = await campaigns.create(request)
      await membership.join(parseCampaign(created.campaign))
      return created
    },
    async createOwn(request) {
      const created = await own.create(request, createOf)
      await membership.join(parseCampaign(created.campaign))
      // it may have been entered before, when what it consists of was not here
      worker.wake()
      return created
    },
    async join(cid, peer) {
      const id = parseCampaign(cid)
      if (peer !== null) await network.dial(peer)
      await membership.join(id)
      return campaigns.show(cid)
    },
    async leave(cid) {
      const id = parseCampaign(cid)
      await worker.without(id, () => auditor.without(id, () => membership.leave(id)))
      await own.forget(id)
    },
    status,
    ...meters.offers(status),
    peers: () => network.peers(),
    segments: (request) => listSegments(ledger, network.peerId, request),
    map: (request) => mapSegments(ledger, home.signer.publicKey, request),
    ...{ fetch: fetches.fetch, pullModel: fetches.pullModel },
    verify: auditor.demand,
    judged: listJudged(ledger, home.signer.publicKey),
    newest: recent.newest,
    ...{ samples: samples.list, samplePicture: samples.picture },
    credits: openCredits(ledger, home.signer.publicKey),
    standings: (peer) => listStandings(ledger, home.signer.publicKey, peer),
    pause() {
      paused = true
      look()
    },
    resume() {
      paused = false
      look()
    },
    limit(changes) {
      Object.assign(limits, readLimits(changes))
      disk.limit(limits.diskBytes)
      toolbox.limit(limits.bytesPerSecond)
      worker.limit(limits.segments)
      look()
      return limits
    },
    drain() {
      draining = true
      void end('later')
    },
    stop: () => end('now'),
    ended,
  }
}
