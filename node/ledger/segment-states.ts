import { isLive } from '../../protocol/rules/select.ts'
import { isOut } from './holdings.ts'
import type { RecordSet, Shelf } from './record-set.ts'
import { CLAIM, SHARD } from './rows.ts'
import { STATES } from './states.ts'

/**
 * How a segment stands, from the least to what outdoes the others: nobody has it; there are refused shards alone; another
 * peer holds it, or this node; it has a shard of which not enough is said yet; one that is disputed; one that is verified.
 */
export const SEGMENT_STATES = ['free', 'refused', 'held', 'own', 'done', 'disputed', 'verified'] as const

export type SegmentState = (typeof SEGMENT_STATES)[number]

const placeOf = (state: SegmentState) => SEGMENT_STATES.indexOf(state)

const OF_SHARD = STATES.map((state) => placeOf(state === 'unaudited' || state === 'held' ? 'done' : state))

/**
 * One byte a segment: its place in SEGMENT_STATES. It takes one walk over all rows, since to ask for each of a million
 * segments costs twenty times as much.
 *
 * @param self - this node's number, or -1 where none of its records is here
 */
export function segmentStates(
  set: RecordSet,
  shelf: Shelf,
  { segments, self, now }: { segments: number; self: number; now: number },
): Uint8Array {
  const { rows } = set
  const states = new Uint8Array(segments)
  const end = rows.end()
  for (let row = 0; row < end; row++) {
    const kind = rows.word(row, 'kind')
    if ((kind !== CLAIM && kind !== SHARD) || rows.word(row, 'campaign') !== shelf.number) continue
    const segment = rows.word(row, 'segment')
    const known = states[segment]
    if (known === undefined) continue
    const peer = rows.word(row, 'peer')
    const state =
      kind === SHARD ? OF_SHARD[rows.word(row, 'state')]! : placeOf(peer === self ? 'own' : 'held')
    if (state <= known) continue
    if (kind === CLAIM) {
      const lease = { issued: rows.number(row, 'issued'), expires: rows.number(row, 'expires') }
      if (!isLive(lease, now) || isOut(set, shelf.number, segment, peer)) continue
    }
    states[segment] = state
  }
  return states
}
