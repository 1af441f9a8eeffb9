import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Head } from '../../protocol/records/head.ts'
import type { KnownRemovals } from '../ledger/ledger.ts'
import { rootOfRemovals } from './subjects-of.ts'

/**
 * Have heads of custodians that are not stale, and all removals that these speak of.
 *
 * @param isVouched - whether something else says which removals there are, as a release does
 * @throws ShoalError `removals_stale`
 */
export async function demandHeads(
  campaign: CID,
  known: KnownRemovals,
  now: number,
  isVouched: boolean,
): Promise<void> {
  const fresh = (await known.heads()).filter(({ value }) => now < value.nextUpdate)
  if (fresh.length === 0 && !isVouched)
    throw new ShoalError(
      'removals_stale',
      `no custodian of campaign ${campaign} has said within a day what is removed from it: its pairs can't be given away before one has; try again when the organiser's node runs`,
    )
  if (!fresh.every(({ value }) => isComplete(known, value)))
    throw new ShoalError(
      'removals_stale',
      `custodians of campaign ${campaign} have removed pairs of which this node does not know yet: try again in a minute`,
    )
}

/** Whether all removals are here that a head speaks of. */
export function isComplete(known: KnownRemovals, { source, seq, root, thisUpdate }: Head): boolean {
  const here = rootOfRemovals(known.inForce(thisUpdate, { source, before: seq }))
  return root === null || here === null ? root === here : equalBytes(root, here)
}
