import { ShoalError } from '../../protocol/errors.ts'
import { nameOfPeer } from '../identity.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** A segment that is held or done, as this node sees it. */
export interface SegmentStanding {
  campaign: string
  segment: number
  state: 'held' | 'done'
  peer: string
  own: boolean
  manifest: string | null
  /** end of the lease, milliseconds since 1970 */
  until: number | null
}

/** A page of them. */
export interface SegmentsRequest {
  /** null: both */
  state: SegmentStanding['state'] | null
  /** what the page before ended with; null: from the beginning */
  after: { campaign: string; segment: number } | null
  /** from 1 to MAX_PAGE */
  limit: number
}

/** Segments a page: a few hundred kilobytes and milliseconds, so that work goes on beside it. */
const MAX_PAGE = 1000

/** Segments of all campaigns, one campaign after the other. @throws ShoalError `page_invalid` */
export function listSegments(
  ledger: Ledger,
  self: string,
  { state, after, limit }: SegmentsRequest,
): SegmentStanding[] {
  const campaigns = ledger.campaigns()
  const from = after === null ? 0 : campaigns.findIndex(({ id }) => id.toString() === after.campaign)
  if (from < 0 || !(limit >= 1 && limit <= MAX_PAGE))
    throw new ShoalError(
      'page_invalid',
      `a page has 1 to ${MAX_PAGE} segments and follows one of a campaign here`,
    )
  const page: SegmentStanding[] = []
  for (const [i, { id }] of campaigns.slice(from).entries()) {
    const left = limit - page.length
    if (left <= 0) break
    const holdings = ledger.holdings(id, {
      ...(state === null ? {} : { state }),
      ...(i === 0 && after !== null ? { after: after.segment } : {}),
      limit: left,
    })
    for (const { segment, holding } of holdings) {
      if (holding.state === 'free') continue
      const peer = nameOfPeer(holding.peer)
      const place = { campaign: id.toString(), segment, peer, own: peer === self }
      page.push(
        holding.state === 'done'
          ? { ...place, state: holding.state, manifest: holding.manifest.toString(), until: null }
          : { ...place, state: holding.state, manifest: null, until: holding.until },
      )
    }
  }
  return page
}
