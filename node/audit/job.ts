import type { Campaign } from '../../protocol/records/campaign.ts'
import type { Agreement } from '../../protocol/rules/agree.ts'
import type { Frame, FrameSizes } from '../../protocol/rules/sample.ts'
import type { Crawl, Gate, Images, Looker, Scorer, SegmentSource } from '../components.ts'
import type { CheckedShard } from '../shard/shard.ts'

/** What works on an audit: as it does on segments. */
export interface AuditParts {
  crawl: Crawl
  images: Pick<Images, 'fetch' | 'decode'>
  scorer: Scorer
  /** null or absent where the campaign has nothing looked for in pictures */
  looker?: Looker | null | undefined
  /** as WorkParts has it: what it names can't be verified here */
  gate?: Gate | null | undefined
}

/** A shard that `readShard` has found whole. */
export type AuditedShard = Pick<CheckedShard, 'cid' | 'manifest' | 'pairs' | 'outcomes'>

export interface AuditJob {
  shard: AuditedShard
  campaign: Campaign
  /** of the shard's segment, as `locateSource` gives it */
  source: SegmentSource
  /** threads that decode */
  threads: number
  /** never touch the network: only images in the archive can be verified */
  offline: boolean
  signal?: AbortSignal | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
}

/** A row, or a place of the source as `placeIn` reads it. */
export interface SampledRow {
  frame: Frame
  row: number
}

/** What is said or seen of a row, by name, for people and as evidence. */
export type Facts = Record<string, string | number>

/** What came of a row that was looked at. */
export interface Finding extends SampledRow {
  finding: Agreement['finding']
  /** why; null where there is nothing to say */
  code: string | null
  said: Facts
  found: Facts
}

export interface Rechecked {
  /** rows that each frame of the shard has */
  frames: FrameSizes
  /** in the order of the sample: kept, dropped, source */
  findings: Finding[]
}
