import type { CID } from 'multiformats/cid'
import {
  MAX_HEADS_PER_WINDOW,
  MAX_REMOVALS_PER_SEQ,
  MAX_REMOVALS_PER_WINDOW,
  MAX_SYNCED_REMOVALS_PER_WINDOW,
} from '../limits.ts'
import type { Campaign } from '../records/campaign.ts'
import { compareHeads, type Head } from '../records/head.ts'
import { ORIGIN_PROOFS, type Removal } from '../records/removal.ts'
import { MAX_HEAD_MS, MAX_PROVISIONAL_MS, SKEW_MS } from '../timing.ts'
import type { Circumstances, Judgement } from './admit.ts'
import { isForgotten } from './in-force.ts'
import { keepLowest } from './keep-lowest.ts'
import { compareBytes } from './select.ts'

/**
 * Custodians remove for good, and as much as they like. Everybody else removes for a while, in which the custodians look
 * into it: who is no worker of the campaign may have pictures in it.
 *
 * One that takes back what is not known is ignored, and judged again when that comes: whether both are of one source can
 * be said only then.
 */
export function admitRemoval(id: CID, removal: Removal, circumstances: Circumstances): Judgement {
  const { now, campaign, way, sameSeq, recentRemovals, negated } = circumstances
  if (campaign === null) return { verdict: 'ignore', code: 'campaign_unknown' }
  const isCustodian = isCustodianOf(campaign, removal.source)
  const { subject, basis, negates, issued, expires } = removal
  if (!isCustodian && negates === null) {
    if (expires === null || expires > issued + MAX_PROVISIONAL_MS)
      return { verdict: 'reject', code: 'removal_term' }
    if (subject.kind === 'origin' && !isProof(basis)) return { verdict: 'reject', code: 'removal_proof' }
  }
  if (issued > now + SKEW_MS) return { verdict: 'ignore', code: 'removal_early' }
  if (isForgotten(removal, now)) return { verdict: 'ignore', code: 'removal_expired' }
  if (negates !== null) {
    if (negated === null) return { verdict: 'ignore', code: 'removal_unknown' }
    if (!mayTakeBack(removal, negated)) return { verdict: 'reject', code: 'removal_negates' }
  }
  const most = way === 'sync' ? MAX_SYNCED_REMOVALS_PER_WINDOW : MAX_REMOVALS_PER_WINDOW
  if (!isCustodian && recentRemovals >= most) return { verdict: 'ignore', code: 'removal_flood' }
  return keepLowest(id, sameSeq, MAX_REMOVALS_PER_SEQ, 'removal')
}

/** Whether a key's removals in a campaign hold for good. */
export function isCustodianOf(
  { key, custodians }: Pick<Campaign, 'custodians' | 'key'>,
  source: Uint8Array,
): boolean {
  return [key, ...custodians].some((one) => compareBytes(one, source) === 0)
}

function isProof(basis: string): boolean {
  return ORIGIN_PROOFS.some((proof) => basis.startsWith(`${proof}:`))
}

/**
 * Only who removed something takes it back, later, and says what that was; nothing takes back what takes back. Of a place in
 * a chain two records are kept: one that stood in the place of what it takes back could drive that out, and itself with it.
 */
function mayTakeBack(
  { source, seq, subject }: Pick<Removal, 'source' | 'seq' | 'subject'>,
  negated: NonNullable<Circumstances['negated']>,
): boolean {
  return (
    negated.negates === null &&
    negated.seq < seq &&
    compareBytes(negated.source, source) === 0 &&
    negated.subject.kind === subject.kind &&
    compareBytes(negated.subject.hash, subject.hash) === 0
  )
}

export function admitHead(id: CID, head: Head, circumstances: Circumstances): Judgement {
  const { now, campaign, way, newestHead, recentRemovals } = circumstances
  if (campaign === null) return { verdict: 'ignore', code: 'campaign_unknown' }
  if (!isCustodianOf(campaign, head.source)) return { verdict: 'reject', code: 'head_source' }
  if (head.thisUpdate > now + SKEW_MS) return { verdict: 'ignore', code: 'head_early' }
  if (isHeadOver(head, now)) return { verdict: 'ignore', code: 'head_expired' }
  if (newestHead !== null) {
    const order = compareHeads({ id, ...head }, { id: newestHead.id, ...newestHead.value })
    if (order === 0) return { verdict: 'ignore', code: 'head_known' }
    if (order > 0) return { verdict: 'ignore', code: 'head_old' }
  }
  if (way === 'gossip' && recentRemovals >= MAX_HEADS_PER_WINDOW)
    return { verdict: 'ignore', code: 'head_flood' }
  return { verdict: 'accept', code: 'ok', ...(newestHead && { replaces: newestHead.id }) }
}

/** Whether a head is of no more use, not even to tell that an older one is old. */
export function isHeadOver({ thisUpdate }: Pick<Head, 'thisUpdate'>, now: number): boolean {
  return now >= thisUpdate + MAX_HEAD_MS + 2 * SKEW_MS
}
