import { ShoalError } from '../../protocol/errors.ts'
import { type Ledger, SEGMENT_STATES, type SegmentState } from '../ledger/ledger.ts'
import { parseCampaign } from '../parse-cid.ts'

/** A campaign's segments, in their order, as a picture of few cells. */
export interface CampaignMap {
  /** CID */
  campaign: string
  segments: number
  /** segments a cell; the last one may stand for fewer */
  perCell: number
  /**
   * A letter a cell: `.` free, `h` held by another, `o` at work here, `d` done and not judged yet, `v` verified, `x` disputed
   * or refused. Of several segments the most frequent, unless one of them is at work here, which would be lost otherwise.
   */
  cells: string
  /** segments; `refused` are disputed ones as well */
  counts: { free: number; held: number; own: number; done: number; verified: number; refused: number }
}

export interface MapRequest {
  campaign: string
  /** at most, from 1 to MAX_CELLS */
  cells: number
}

const MAX_CELLS = 10_000

const LETTERS: Readonly<Record<SegmentState, string>> = {
  ...{ free: '.', refused: 'x', held: 'h', own: 'o', done: 'd', disputed: 'x', verified: 'v' },
}

/**
 * Some 5 ms for a million segments, besides the walk over all records.
 *
 * @param self - this node's key
 * @throws ShoalError `map_cells`, `cid_invalid`, `campaign_unknown`
 */
export function mapSegments(ledger: Ledger, self: Uint8Array, { campaign, cells }: MapRequest): CampaignMap {
  if (!(Number.isInteger(cells) && cells >= 1 && cells <= MAX_CELLS))
    throw new ShoalError('map_cells', `a map has 1 to ${MAX_CELLS} cells`)
  const id = parseCampaign(campaign)
  const states = ledger.segmentStates(id, self)
  const perCell = Math.max(1, Math.ceil(states.length / cells))
  const all = new Uint32Array(SEGMENT_STATES.length)
  const here = new Uint32Array(SEGMENT_STATES.length)
  let drawn = ''
  for (let from = 0; from < states.length; from += perCell) {
    here.fill(0)
    for (const state of states.subarray(from, from + perCell)) here[state]!++
    drawn += LETTERS[SEGMENT_STATES[mostOf(here)]!]
    for (const [state, count] of here.entries()) all[state]! += count
  }
  const count = (state: SegmentState) => all[SEGMENT_STATES.indexOf(state)]!
  return {
    ...{ campaign: id.toString(), segments: states.length, perCell, cells: drawn },
    counts: {
      ...{ free: count('free'), held: count('held'), own: count('own'), done: count('done') },
      ...{ verified: count('verified'), refused: count('refused') + count('disputed') },
    },
  }
}

const OWN = SEGMENT_STATES.indexOf('own')

/** Of as many of one as of another, the one that outdoes it. */
function mostOf(counts: Uint32Array): number {
  if (counts[OWN]! > 0) return OWN
  let most = 0
  for (const [state, count] of counts.entries()) if (count >= counts[most]!) most = state
  return most
}
