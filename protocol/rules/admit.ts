import type { CID } from 'multiformats/cid'
import { ShoalError } from '../errors.ts'
import {
  MAX_BACKOFFS_PER_WINDOW,
  MAX_CLAIMS_PER_WINDOW,
  MAX_SHARDS_PER_SEQ,
  MAX_SYNCED_CLAIMS_PER_WINDOW,
  MAX_VERDICTS_PER_SHARD,
  MAX_VERDICTS_PER_WINDOW,
} from '../limits.ts'
import { type Backoff, heededUntil } from '../records/backoff.ts'
import type { Campaign } from '../records/campaign.ts'
import type { Claim } from '../records/claim.ts'
import type { Head } from '../records/head.ts'
import type { Entry } from '../records/record.ts'
import type { Removal } from '../records/removal.ts'
import { unpackFindings, type Verdict } from '../records/verdict.ts'
import { MAX_AHEAD_MS, SKEW_MS } from '../timing.ts'
import { admitHead, admitRemoval } from './admit-removal.ts'
import { epochOf } from './assign-verifiers.ts'
import { keepLowest } from './keep-lowest.ts'
import { drawSample, sampleCounts } from './sample.ts'
import { segmentCount } from './segment.ts'
import { compareBytes, compareClaims, isOver } from './select.ts'

/**
 * `accept`: keep it and pass it on. `ignore`: neither, and hold it against nobody. `reject`: somebody forged it, and
 * whoever passes it on is to blame, since every honest node can see that.
 */
export interface Judgement {
  verdict: 'accept' | 'ignore' | 'reject'
  /** stable; `ok` where there is nothing to say */
  code: string
  /** id of the record that this one takes the place of: it is to be dropped */
  replaces?: CID
}

/** What a node knows that bears on a record. */
export interface Circumstances {
  /** milliseconds since 1970 */
  now: number
  /** the campaign that the record names, or null where this node does not know it; of no matter for a campaign */
  campaign:
    | (Parameters<typeof segmentCount>[0] & Pick<Campaign, 'trust' | 'audit' | 'custodians' | 'key'>)
    | null
  /** for a claim: the newest that is known of the same campaign, segment and peer */
  newest: { id: CID; value: Claim } | null
  /** which way it came. A node's own records are judged as gossip, with none before them */
  way: 'gossip' | 'sync'
  /**
   * for a claim: how many of this peer's were accepted that came the same way, within the CLAIM_WINDOW_MS of the clock
   * (`floor(now / CLAIM_WINDOW_MS)`) or, of those that came by sync, within its SYNCED_CLAIMS_WINDOW_MS
   */
  recentClaims: number
  /** for a back-off: how many of this peer's were accepted within the CLAIM_WINDOW_MS of the clock */
  recentBackoffs: number
  /** for a shard or a removal: ids of the same peer's with the same `seq` */
  sameSeq: readonly CID[]
  /**
   * for a removal: how many of this source's were accepted that came the same way, as `recentClaims`; for a head, how many
   * heads by gossip
   */
  recentRemovals: number
  /** for a removal that takes another back: what is known of that one, or null */
  negated: Pick<Removal, 'source' | 'seq' | 'subject' | 'negates'> | null
  /** for a head: the newest that is known of the same source and campaign */
  newestHead: { id: CID; value: Pick<Head, 'seq' | 'thisUpdate'> } | null
  /**
   * for a verdict: what is known of the shard that it is on, whose record has the same producer, manifest and segment,
   * and as many rows as the verdict's `frames.kept`; null where this node holds none
   */
  audited: Audited | null
}

interface Audited {
  /** whether the verdict's proof is the verifier's signature over `proofMessage` of the manifest */
  isProven: boolean
  /** ids of the same verifier's verdicts on this shard, see above */
  sameAudit: readonly CID[]
  /** how many of this verifier's were accepted by gossip within the CLAIM_WINDOW_MS of the clock */
  recentVerdicts: number
}

/** Whether a record whose signature, key and fields hold is taken in. */
export function admit(entry: Entry, circumstances: Circumstances): Judgement {
  switch (entry.kind) {
    case 'backoff':
      return admitPeer(entry.value, circumstances.campaign) ?? admitBackoff(entry.value, circumstances)
    case 'campaign':
      return { verdict: 'accept', code: 'ok' }
    case 'claim':
      return (
        admitWorker(entry.value, circumstances.campaign) ?? admitClaim(entry.id, entry.value, circumstances)
      )
    case 'head':
      return admitHead(entry.id, entry.value, circumstances)
    case 'removal':
      return admitRemoval(entry.id, entry.value, circumstances)
    case 'shard':
      return (
        admitWorker(entry.value, circumstances.campaign) ??
        keepLowest(entry.id, circumstances.sameSeq, MAX_SHARDS_PER_SEQ, 'shard')
      )
    case 'verdict':
      return (
        admitWorker({ ...entry.value, peer: entry.value.verifier }, circumstances.campaign) ??
        admitVerdict(entry.id, entry.value, circumstances.campaign!.audit.samples, circumstances)
      )
  }
}

/**
 * The judgement of a record that could not be opened or read.
 *
 * @throws whatever is no ShoalError of the codec, the envelope or a record: a fault of this node's, not the sender's
 */
export function judgeFault(fault: unknown): Judgement {
  if (
    !(fault instanceof ShoalError) ||
    !/^(codec|envelope|backoff|campaign|claim|head|removal|shard|verdict)_/.test(fault.code)
  )
    throw fault
  return { verdict: NEWER.includes(fault.code) ? 'ignore' : 'reject', code: fault.code }
}

/** What an honest node of a later version may send: a new version of a kind, or a new kind. */
const NEWER = ['envelope_version', 'envelope_kind']

function admitWorker(
  work: Pick<Claim, 'segment' | 'peer'>,
  campaign: Circumstances['campaign'],
): Judgement | null {
  // whoever passes it on knows the campaign, which never changes: no clock and no version makes this right
  if (campaign !== null && work.segment >= segmentCount(campaign))
    return { verdict: 'reject', code: 'segment_range' }
  return admitPeer(work, campaign)
}

function admitPeer({ peer }: { peer: Uint8Array }, campaign: Circumstances['campaign']): Judgement | null {
  if (campaign === null) return { verdict: 'ignore', code: 'campaign_unknown' }
  const { mode, operators } = campaign.trust
  if (mode === 'listed' && !operators.some((operator) => compareBytes(operator, peer) === 0))
    return { verdict: 'ignore', code: 'peer_unlisted' }
  return null
}

/** A sync brings none: no honest ledger holds one. */
function admitBackoff(backoff: Backoff, { now, way, recentBackoffs }: Circumstances): Judgement {
  if (way === 'sync') return { verdict: 'reject', code: 'backoff_synced' }
  if (backoff.issued > now + SKEW_MS) return { verdict: 'ignore', code: 'backoff_early' }
  if (heededUntil(backoff) <= now) return { verdict: 'ignore', code: 'backoff_expired' }
  if (recentBackoffs >= MAX_BACKOFFS_PER_WINDOW) return { verdict: 'ignore', code: 'backoff_flood' }
  return { verdict: 'accept', code: 'ok' }
}

function admitClaim(id: CID, claim: Claim, circumstances: Circumstances): Judgement {
  const { now, newest, way, recentClaims } = circumstances
  if (claim.issued > now + SKEW_MS) return { verdict: 'ignore', code: 'claim_early' }
  if (claim.expires > now + MAX_AHEAD_MS) return { verdict: 'ignore', code: 'claim_far' }
  if (isOver(claim, now)) return { verdict: 'ignore', code: 'claim_expired' }
  if (newest !== null) {
    const order = compareClaims(claim, newest.value) || compareBytes(id.bytes, newest.id.bytes)
    if (order === 0) return { verdict: 'ignore', code: 'claim_known' }
    if (order > 0) return { verdict: 'ignore', code: 'claim_old' }
  }
  const most = way === 'sync' ? MAX_SYNCED_CLAIMS_PER_WINDOW : MAX_CLAIMS_PER_WINDOW
  if (recentClaims >= most) return { verdict: 'ignore', code: 'claim_flood' }
  return { verdict: 'accept', code: 'ok', ...(newest && { replaces: newest.id }) }
}

/**
 * A verdict on a shard that is not known is ignored, and judged again when the shard comes. One that speaks of another
 * segment or number of rows than the shard at hand may be on another record of the same producer's, who can sign as many
 * as it likes of one manifest: nobody is to blame for passing it on.
 *
 * By gossip only today's verdicts come, so that nobody looks for the day on which it may verify a friend's shards; in a
 * sync old ones are as they should be.
 */
function admitVerdict(id: CID, verdict: Verdict, samples: number, circumstances: Circumstances): Judgement {
  const { now, way, audited } = circumstances
  if (compareBytes(verdict.verifier, verdict.producer) === 0)
    return { verdict: 'reject', code: 'verdict_self' }
  const today = epochOf(now)
  if (verdict.epoch > today + 1) return { verdict: 'ignore', code: 'verdict_early' }
  if (way === 'gossip' && verdict.epoch < today - 1) return { verdict: 'ignore', code: 'verdict_late' }
  if (audited === null) return { verdict: 'ignore', code: 'shard_unknown' }
  if (!audited.isProven) return { verdict: 'reject', code: 'verdict_proof' }
  if (!isSampled(verdict, samples)) return { verdict: 'reject', code: 'verdict_sample' }
  if (way === 'gossip' && audited.recentVerdicts >= MAX_VERDICTS_PER_WINDOW)
    return { verdict: 'ignore', code: 'verdict_flood' }
  return keepLowest(id, audited.sameAudit, MAX_VERDICTS_PER_SHARD, 'verdict')
}

/** Whether as many rows were looked at as the campaign wants, and none is accused but those found forged. */
function isSampled({ proof, frames, sampled, findings, forged }: Verdict, samples: number): boolean {
  const counts = sampleCounts(frames, samples)
  const { kept, dropped, source } = counts
  if (kept !== sampled.kept || dropped !== sampled.dropped || source !== sampled.source) return false
  if (forged.length === 0) return true
  const sample = drawSample(proof, frames, samples)
  const found = unpackFindings(findings, kept + dropped + source)
  const before = { kept: 0, dropped: kept, source: kept + dropped }
  return forged.every(({ frame, row }) => {
    const place = sample[frame].indexOf(row)
    return place >= 0 && found[before[frame] + place] === 'forged'
  })
}
