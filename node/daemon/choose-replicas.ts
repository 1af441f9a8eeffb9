import { setImmediate as breathe } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import type { JudgedShard, Ledger } from '../ledger/ledger.ts'

/** A shard of another node that is verified, by its campaign's policy. */
export interface Candidate {
  /** id of the campaign's record */
  id: CID
  shard: JudgedShard
}

/** Shards made in one go. */
const IN_ONE_GO = 1_000

/**
 * Some verified shards of others, drawn at random so that nodes don't all take the same, and which of those that are
 * held here are refused.
 *
 * @param held - names of manifests
 */
export async function drawCandidates(
  ledger: Pick<Ledger, 'judgements'>,
  campaigns: readonly CID[],
  { self, held, count }: { self: Uint8Array; held: ReadonlySet<string>; count: number },
): Promise<{ candidates: Candidate[]; refused: Set<string> }> {
  const candidates: Candidate[] = []
  const refused = new Set<string>()
  const good = new Set<string>()
  let seen = 0
  let looked = 0
  for (const id of campaigns) {
    for (const shard of (await ledger.judgements(id)).shards()) {
      if (++looked % IN_ONE_GO === 0) await breathe()
      // without replicas none need be named, which takes longer than all else
      const name = held.size === 0 ? '' : shard.manifest.toString()
      if (held.has(name)) {
        const ones = shard.state === 'refused' ? refused : good
        ones.add(name)
        continue
      }
      if (shard.state !== 'verified' || equalBytes(shard.peer, self)) continue
      // each of those seen is among those drawn with the same chance (Vitter's algorithm R)
      const place = seen < count ? seen : Math.floor(Math.random() * (seen + 1))
      if (place < count) candidates[place] = { id, shard }
      seen++
    }
  }
  for (const name of good) refused.delete(name)
  return { candidates, refused }
}
