import { isHeadOver } from '../../protocol/rules/admit-removal.ts'
import { isForgotten } from '../../protocol/rules/in-force.ts'
import { isOver as isClaimOver } from '../../protocol/rules/select.ts'
import { CLAIM, HEAD, REMOVAL, type Rows } from './rows.ts'

/** Whether a record is of no more use: a claim, a removal or a head, and nobody takes it in any more. */
export function isOver(rows: Rows, row: number, now: number): boolean {
  switch (rows.word(row, 'kind')) {
    case CLAIM:
      return isClaimOver({ issued: rows.number(row, 'issued'), expires: rows.number(row, 'expires') }, now)
    case REMOVAL:
      // one that never ends is over at infinity
      return isForgotten({ expires: rows.number(row, 'until') }, now)
    case HEAD:
      return isHeadOver({ thisUpdate: rows.number(row, 'issued') }, now)
    default:
      return false
  }
}
