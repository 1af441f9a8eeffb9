import type { CID } from 'multiformats/cid'
import { cidOf, encode } from '../../protocol/codec.ts'
import type { Sealed } from '../../protocol/envelope.ts'
import type { Circumstances } from '../../protocol/rules/admit.ts'
import { dagJsonOf, hex, signerOf } from './spelling.ts'

export const alice = signerOf(1)
export const bob = signerOf(2)
export const SECOND = 1000
export const HOUR = 3600 * SECOND
export const NOW = 1_760_000_000_000
export const campaign = cidOf(encode({ any: 'block' }))
/** 14 segments. */
const sources = [
  { count: 3, parts: 4 },
  { count: 2, parts: 1 },
]
const audit = { verifiers: 3, samples: 4, tolerances: { full: 0.001, reduced: 0.005, reencoded: 0.02 } }
/** The organiser's, and a custodian's besides. */
export const organiser = signerOf(3)
export const custodian = signerOf(4)
const trustees = { key: organiser.publicKey, custodians: [custodian.publicKey] }
const open = { sources, audit, trust: { mode: 'open', operators: [] }, ...trustees }
export const listed = { ...open, trust: { mode: 'listed', operators: [alice.publicKey] } }

type Audited = NonNullable<Circumstances['audited']>
/** Of the shard that `verdictFields` is of, as a node knows it that has heard no other verdict. */
export const audited: Audited = { isProven: true, sameAudit: [], recentVerdicts: 0 }

interface Known {
  campaign?: unknown
  newest?: Sealed | null
  way?: 'gossip' | 'sync'
  recentClaims?: number
  recentBackoffs?: number
  sameSeq?: CID[]
  recentRemovals?: number
  negated?: Sealed | null
  newestHead?: Sealed | null
  audited?: Audited | null
}

/** How a record is judged, by a node that knows all of this. */
export function judge(
  comment: string,
  { bytes }: { bytes: Uint8Array },
  {
    newest = null,
    way = 'gossip',
    recentClaims = 0,
    recentBackoffs = 0,
    sameSeq = [],
    recentRemovals = 0,
    negated = null,
    newestHead = null,
    audited: shard = audited,
    ...known
  }: Known,
  verdict: string,
  code: string,
  replaces?: CID,
) {
  return {
    comment,
    envelope: hex(bytes),
    now: NOW,
    campaign: dagJsonOf('campaign' in known ? known.campaign : open),
    newest: newest && hex(newest.bytes),
    way,
    recentClaims,
    recentBackoffs,
    sameSeq: sameSeq.map(String),
    recentRemovals,
    negated: negated && hex(negated.bytes),
    newestHead: newestHead && hex(newestHead.bytes),
    audited: shard && { ...shard, sameAudit: shard.sameAudit.map(String) },
    verdict,
    code,
    replaces: replaces?.toString(),
  }
}
