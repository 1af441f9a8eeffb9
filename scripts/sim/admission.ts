import type { CID } from 'multiformats/cid'
import { DEFAULT_AUDIT } from '../../protocol/records/campaign.ts'
import { admit } from '../../protocol/rules/admit.ts'
import { CLAIM_WINDOW_MS } from '../../protocol/timing.ts'
import type { Volunteer } from './volunteers.ts'

/** Puts honest claims to `admit`, as another node's clock would have it, and counts those that it refuses. */
export function startAdmission(segments: number, campaign: CID) {
  let refused = 0
  return {
    get refused(): number {
      return refused
    },

    judge(claimant: Volunteer, now: number, clock: number): void {
      claimant.claimed = claimant.claimed.filter((at) => at > now - CLAIM_WINDOW_MS)
      const { key: peer, segment, lease } = claimant
      const { verdict } = admit(
        { kind: 'claim', id: campaign, value: { campaign, segment, peer, ...lease } },
        {
          now: clock,
          campaign: {
            sources: [{ count: segments, parts: 1 }],
            audit: DEFAULT_AUDIT,
            trust: { mode: 'open', operators: [] },
            ...{ key: campaign.bytes, custodians: [] },
          },
          newest: null,
          way: 'gossip',
          recentClaims: claimant.claimed.length,
          recentBackoffs: 0,
          ...{ sameSeq: [], audited: null, recentRemovals: 0, negated: null, newestHead: null },
        },
      )
      claimant.claimed.push(now)
      if (verdict !== 'accept') refused++
    },
  }
}
