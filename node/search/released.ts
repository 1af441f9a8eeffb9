import { equalBytes } from '../../protocol/codec.ts'
import type { ShoalError } from '../../protocol/errors.ts'
import type { ReleaseEntry } from '../../protocol/records/release.ts'
import type { Home } from '../home.ts'
import { campaignOf, entriesOf, knownReleases, type ReadRelease, readRelease } from '../release/release.ts'

/** What the releases here have of shards, where that is what may be shown of them. */
export interface Released {
  /** by the CID of the release's file */
  entries: Map<string, ReleaseEntry>
  /** manifests of shards that are here whole, and of which a release has removed rows: its file stands for them */
  replaced: Set<string>
  /** releases that are not here as they were, and why */
  broken: { manifest: string; reason: string }[]
}

/**
 * A shard that is here whole stands for itself, unless rows were removed from it. Of a campaign's releases the latest
 * counts, what an earlier one has more of was removed since; and the organiser's before anybody else's.
 */
export async function listReleased({ store, blocks, signer }: Home): Promise<Released> {
  const latest = new Map<string, { read: ReadRelease; isTrusted: boolean }>()
  const released: Released = { entries: new Map(), replaced: new Set(), broken: [] }
  const note = (id: { toString(): string }, error: unknown) =>
    released.broken.push({ manifest: id.toString(), reason: (error as ShoalError).message })
  for await (const { id } of knownReleases(store))
    try {
      const read = await readRelease(blocks, id)
      const campaign = await campaignOf(blocks, read.content).catch(() => null)
      const trusted = [signer.publicKey, ...(campaign ? [campaign.key, ...campaign.trust.operators] : [])]
      const isTrusted = trusted.some((key) => equalBytes(key, read.signed.peer))
      const other = latest.get(read.content.campaign.toString())
      const isLater = other ? read.content.number > other.read.content.number : true
      if (!other || (isTrusted === other.isTrusted ? isLater : isTrusted))
        latest.set(read.content.campaign.toString(), { read, isTrusted })
    } catch (error) {
      note(id, error)
    }
  for (const { read } of latest.values())
    try {
      for await (const entry of entriesOf(blocks, read.content)) {
        const isWhole = (await store.shards.get(entry.manifest.bytes)) !== undefined
        if (isWhole && entry.removed === 0) continue
        if (isWhole) released.replaced.add(entry.manifest.toString())
        if (entry.rows > 0) released.entries.set(entry.pairs.toString(), entry)
      }
    } catch (error) {
      note(read.id, error)
    }
  return released
}
