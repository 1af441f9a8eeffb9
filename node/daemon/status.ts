import type { Ledger } from '../ledger/ledger.ts'
import type { CampaignStanding, Campaigns } from '../manage-campaigns.ts'
import type { Network } from '../network/network.ts'
import { parseCampaign } from '../parse-cid.ts'
import { VERSION } from '../version.ts'
import type { AuditStatus, startAuditor } from './auditor.ts'
import type { AuditOutlook } from './choose-audits.ts'
import type { LastCollected } from './collector.ts'
import type { startKeeper } from './keeper.ts'
import type { Limits } from './limits.ts'
import type { ModelStanding, prepareModels } from './obtain-model.ts'
import type { DaemonOptions } from './options.ts'
import type { ReplicaStatus } from './replicate.ts'
import type { Failure, startWorker, Work } from './worker.ts'

/** What a node does, and where its campaigns stand. */
export interface Status {
  peerId: string
  version: string
  /** `resting`: outside of its hours; `full`: the disk that it may use is, so that it takes nothing more */
  state: 'working' | 'resting' | 'paused' | 'draining' | 'full'
  addresses: string[]
  /** where blocks and CAR files are had over HTTP, or null */
  gateway: string | null
  /** as the volunteer has set them; null: none */
  limits: Limits & Pick<DaemonOptions, 'threads' | 'offline'>
  /** connected now */
  peers: number
  /** since the start */
  seconds: number
  produced: number
  work: Work[]
  /** segments that failed here lately, and are left to others for a while */
  failures: Failure[]
  /** shards of others that this node audits */
  audits: AuditStatus
  /** shards of others that this node keeps for their sake */
  replicas: ReplicaStatus
  /** what the last sweep since the start has freed, or null */
  collected: LastCollected | null
  /** `digest` is equal on nodes that hold the same records; `secondsLeft` by the pace since the start, or null; `outlook`: what audits cost, null before the first look */
  campaigns: (CampaignStanding &
    ModelStanding & { digest: string; secondsLeft: number | null; outlook: AuditOutlook | null })[]
}

/** @returns what tells, at any time, how a node that starts now is getting on */
export function startStatus(
  {
    network,
    ledger,
    worker,
    auditor,
    keeper,
    models,
    campaigns,
  }: {
    network: Network
    ledger: Ledger
    worker: ReturnType<typeof startWorker>
    auditor: ReturnType<typeof startAuditor>
    keeper: ReturnType<typeof startKeeper>
    models: ReturnType<typeof prepareModels>
    campaigns: Campaigns
  },
  { threads, offline }: DaemonOptions,
  { state, limits, gateway }: { state: () => Status['state']; limits: Limits; gateway: string | null },
): () => Promise<Status> {
  const started = performance.now()
  const paces = new Map<string, { done: number; at: number }>()

  function secondsLeft({ campaign, counts }: CampaignStanding): number | null {
    const { done, segments } = counts!
    const pace = paces.get(campaign) ?? { done, at: performance.now() }
    paces.set(campaign, pace)
    const seconds = (performance.now() - pace.at) / 1000
    return done > pace.done ? ((segments - done) * seconds) / (done - pace.done) : null
  }

  return async () => ({
    ...{ peerId: network.peerId, version: VERSION, addresses: network.addresses(), state: state(), gateway },
    limits: { ...limits, threads, offline },
    peers: (await network.peers()).length,
    seconds: (performance.now() - started) / 1000,
    ...{ produced: worker.produced(), work: worker.atWork(), failures: worker.failures() },
    ...{ audits: auditor.status(), ...keeper.status() },
    campaigns: campaigns.list().map((standing) => {
      const id = parseCampaign(standing.campaign)
      return {
        ...{ ...standing, ...models.standing(id), digest: ledger.digest(id) },
        ...{ secondsLeft: secondsLeft(standing), outlook: auditor.outlook(id) },
      }
    }),
  })
}
