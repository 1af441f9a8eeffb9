import type { CID } from 'multiformats/cid'
import { OUTCOMES, type Outcome } from '../../protocol/outcomes.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { ShardState } from '../../protocol/rules/quorum.ts'
import { nameOfPeer } from '../identity.ts'
import type { Source } from './sources.ts'

/** Where a shard stands by its campaign's own policy, as this node sees it. */
export interface Judged {
  state: ShardState
  /** good verdicts that it needs, and has */
  needed: number
  good: number
}

/** Tells where a shard stands; null where this node has no records of its campaign. */
export type Judge = (campaign: CID, record: CID) => Promise<Judged | null>

/** What was exported, added up; its size does not follow the number of rows. */
export interface Tally {
  shards: number
  /** of them, those that are not taken from a release */
  unreleased: number
  /** rows that were looked at, and that passed the filters */
  rows: number
  passed: number
  /** that releases took out */
  duplicates: number
  removed: number
  unfit: number
  candidates: number
  outcomes: Partial<Record<Outcome, number>>
  campaigns: Map<string, { campaign: Campaign | null; shards: number }>
  /** shards of each */
  producers: Map<string, number>
  deviceClasses: Map<string, number>
  software: Map<string, number>
  states: Map<ShardState | 'unknown', number>
  /** rows of each that passed */
  languages: Map<string, number>
  /** earliest begin and latest end of the work, milliseconds since 1970 */
  producedFrom: number
  producedTo: number
}

/** Names that are counted one by one: strangers choose them, and may choose each another. */
const MAX_NAMES = 1_000

export function emptyTally(): Tally {
  return {
    ...{
      shards: 0,
      unreleased: 0,
      rows: 0,
      passed: 0,
      duplicates: 0,
      removed: 0,
      unfit: 0,
      candidates: 0,
      outcomes: {},
    },
    campaigns: new Map(),
    producers: new Map(),
    deviceClasses: new Map(),
    software: new Map(),
    states: new Map(),
    languages: new Map(),
    producedFrom: Number.POSITIVE_INFINITY,
    producedTo: 0,
  }
}

export function addShard(tally: Tally, source: Source, judged: Judged | null, passed: number): void {
  const { facts, record, campaign, file } = source
  tally.shards++
  if (!source.isReleased) tally.unreleased++
  tally.rows += file.rows
  tally.passed += passed
  tally.duplicates += source.duplicates
  tally.removed += source.removed
  tally.unfit += source.unfit
  tally.candidates += facts.counts.candidates
  for (const name of Object.keys(OUTCOMES) as Outcome[])
    if (facts.counts[name]) tally.outcomes[name] = (tally.outcomes[name] ?? 0) + facts.counts[name]
  const id = facts.campaign.toString()
  const { shards } = tally.campaigns.get(id) ?? { shards: 0 }
  tally.campaigns.set(id, { campaign, shards: shards + 1 })
  count(tally.producers, nameOfPeer(record.peer))
  count(tally.deviceClasses, facts.deviceClass)
  count(tally.software, facts.software)
  count(tally.states, judged?.state ?? 'unknown')
  tally.producedFrom = Math.min(tally.producedFrom, facts.produced.startedAt)
  tally.producedTo = Math.max(tally.producedTo, facts.produced.finishedAt)
}

export function count<Name extends string>(counts: Map<Name, number>, name: Name, by = 1): void {
  const known = counts.has(name) || counts.size < MAX_NAMES ? name : ('others' as Name)
  counts.set(known, (counts.get(known) ?? 0) + by)
}
