import type { CampaignStanding } from '../manage-campaigns.ts'
import type { AuditStatus } from './auditor.ts'
import type { AuditOutlook } from './choose-audits.ts'
import type { LastCollected } from './collector.ts'
import type { DaemonOptions } from './daemon.ts'
import type { ModelStanding } from './obtain-model.ts'
import type { ReplicaStatus } from './replicate.ts'
import type { Failure, Work } from './worker.ts'

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
  limits: Pick<DaemonOptions, 'segments' | 'threads' | 'hours' | 'bytesPerSecond' | 'diskBytes' | 'offline'>
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
