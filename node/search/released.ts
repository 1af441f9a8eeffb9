import type { ReleaseEntry } from '../../protocol/records/release.ts'
import type { Home } from '../home.ts'
import { entriesOf, knownReleases, readRelease } from '../release/release.ts'

/**
 * Shards of which only what a release left is here, by the CID of that file: a shard that is here whole stands for itself.
 * Of a campaign's releases the latest counts: what an earlier one has more of was removed since.
 *
 * @throws ShoalError `block_missing`, `block_corrupt`, `release_*`, from a release that is not here as it was
 */
export async function listReleased({ store, blocks }: Home): Promise<Map<string, ReleaseEntry>> {
  const latest = new Map<string, { number: number; id: Parameters<typeof readRelease>[1] }>()
  for await (const { id, signed } of knownReleases(store)) {
    const campaign = signed.campaign.toString()
    if (signed.number > (latest.get(campaign)?.number ?? 0))
      latest.set(campaign, { number: signed.number, id })
  }
  const released = new Map<string, ReleaseEntry>()
  for (const { id } of latest.values())
    for await (const entry of entriesOf(blocks, (await readRelease(blocks, id)).content))
      if (entry.rows > 0 && !(await store.shards.get(entry.manifest.bytes)))
        released.set(entry.pairs.toString(), entry)
  return released
}
