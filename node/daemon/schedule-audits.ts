import { equalBytes } from '../../protocol/codec.ts'
import type { Roster } from '../../protocol/rules/assign.ts'
import { auditDelay, chooseVerifiers, mostVerifiers } from '../../protocol/rules/assign-verifiers.ts'
import type { Judged } from '../../protocol/rules/standing.ts'

/** What is known of a shard that may be this node's to audit. Times are milliseconds since 1970. */
export interface Waiting extends Pick<Judged, 'state' | 'needed' | 'good'> {
  segment: number
  producer: Uint8Array
  /** how many verdicts on it count */
  verdicts: number
  heardAt: number
  /** when this node first saw that it is disputed, or null */
  disputedAt: number | null
}

/**
 * When it is this node's turn to audit a shard, as things are now: it may be in the past.
 *
 * The first ranks are due at once, and so they are for a shard of which too much can't be verified, since a second
 * pair of eyes may see more. Others step in where verdicts are missing, and one after the other while it is disputed.
 *
 * @param roster - active peers and this node, without those who are zeroed
 * @param verifiers - the campaign's
 * @param epoch - today's
 * @returns null where it is not
 */
export function auditTime(
  { segment, producer, state, needed, good, verdicts, heardAt, disputedAt }: Waiting,
  self: Uint8Array,
  roster: Roster,
  verifiers: number,
  epoch: number,
): number | null {
  if (state === 'verified' || state === 'refused' || equalBytes(producer, self)) return null
  const ranked = chooseVerifiers({ segment, producer, epoch }, roster, mostVerifiers(verifiers))
  const rank = ranked.findIndex((place) => equalBytes(roster.keys[place]!, self))
  const delay = rank < 0 ? null : auditDelay(rank, needed, verifiers)
  if (delay === null) return null
  if (state === 'disputed') return (disputedAt ?? heardAt) + delay
  const isMissing = state === 'held' ? verdicts < needed : good < needed
  return rank < needed || isMissing ? heardAt + delay : null
}
