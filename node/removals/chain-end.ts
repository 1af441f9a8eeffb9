import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import type { KnownRemovals } from '../ledger/ledger.ts'

/**
 * Where a source's chain goes on: after its last removal that is known, or that its own head speaks of, if all that was
 * on it is forgotten, or the data directory is an old copy.
 */
export async function chainEnd(
  known: KnownRemovals,
  source: Uint8Array,
): Promise<{ seq: number; last: CID | null }> {
  const last = known.last(source)
  const head = (await known.heads()).find(({ value }) => equalBytes(value.source, source))?.value
  if (head && head.seq > (last === null ? 0 : last.seq + 1)) return { seq: head.seq, last: head.last }
  return last === null ? { seq: 0, last: null } : { seq: last.seq + 1, last: last.id }
}
