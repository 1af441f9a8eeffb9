import type { CID } from 'multiformats/cid'
import type { Judgement } from './admit.ts'
import { compareBytes } from './select.ts'

/**
 * Two records where an honest peer signs one prove that it said two things at once: two shards or removals in one place
 * of its chain, two verdicts on one shard. Of more, every node keeps the same lowest two.
 */
export function keepLowest(
  id: CID,
  same: readonly CID[],
  most: number,
  kind: 'removal' | 'shard' | 'verdict',
): Judgement {
  if (same.some((other) => other.equals(id))) return { verdict: 'ignore', code: `${kind}_known` }
  if (same.length === 0) return { verdict: 'accept', code: 'ok' }
  if (same.length < most) return { verdict: 'accept', code: `${kind}_fork` }
  const highest = same.reduce((a, b) => (compareBytes(a.bytes, b.bytes) > 0 ? a : b))
  if (compareBytes(id.bytes, highest.bytes) > 0) return { verdict: 'ignore', code: `${kind}_fork_known` }
  return { verdict: 'accept', code: `${kind}_fork`, replaces: highest }
}
