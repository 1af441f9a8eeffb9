import type { CID } from 'multiformats/cid'
import { decodeManifest, type Manifest } from '../../protocol/records/manifest.ts'
import type { AuditedShard } from '../audit/audit.ts'
import type { Home } from '../home.ts'
import type { Network } from '../network/network.ts'
import type { Hearings } from './hear-shards.ts'

export interface CopyParts {
  blocks: Home['blocks']
  network: Pick<Network, 'fetchBlock'>
  hearings: Pick<Hearings, 'before'>
}

/** A shard, and the id of its record. */
type Suspect = Pick<AuditedShard, 'cid' | 'manifest' | 'outcomes'> & { record: CID }

/**
 * The shard that this one is a copy of: another producer's of the same segment, with the very same pairs, that was
 * known here clearly before. Whoever does the work gets other bytes, since a row says when its image was fetched.
 *
 * @returns its manifest's CID, or null
 */
export async function findOriginal(
  parts: CopyParts,
  campaign: CID,
  suspect: Suspect,
  signal?: AbortSignal,
): Promise<CID | null> {
  for (const { manifest } of parts.hearings.before(suspect.record))
    if (await isSame(parts, campaign, suspect, manifest, signal)) return manifest
  return null
}

/**
 * Whether somebody who calls a shard a copy is right, as far as this node can tell.
 *
 * @param original - manifest of the shard that is said to have been the first
 * @param others - what is known of the segment: records by their manifests
 */
export async function judgeCopy(
  parts: CopyParts,
  campaign: CID,
  suspect: Suspect,
  original: { manifest: CID; record: CID } | null,
  signal?: AbortSignal,
): Promise<boolean | null> {
  if (original === null) return false
  const isFirst = parts.hearings.before(original.record).some(({ id }) => id.equals(suspect.record))
  if (isFirst) return false
  const same = await isSame(parts, campaign, suspect, original.manifest, signal)
  if (!same) return same
  const isLater = parts.hearings.before(suspect.record).some(({ id }) => id.equals(original.record))
  return isLater ? true : null
}

/** Whether one of two is a copy of the other; null where the other's manifest can't be had. */
async function isSame(
  { blocks, network }: CopyParts,
  campaign: CID,
  { cid, manifest, outcomes }: Suspect,
  other: CID,
  signal?: AbortSignal,
): Promise<boolean | null> {
  // it says when the work began and ended
  if (cid.equals(other)) return true
  const bytes = (await blocks.has(other))
    ? Buffer.concat(await Array.fromAsync(blocks.get(other)))
    : await network.fetchBlock(campaign, other, signal ? { signal } : {})
  if (bytes === null) return null
  const mine = pairsOf(manifest)
  const theirs = pairsOf(readManifest(bytes))
  if (mine === undefined || theirs === undefined || !mine.cid.equals(theirs.cid)) return false
  // images of the archive have its own time: two who do the same work get the same rows of them
  for await (const rows of outcomes.groups(['outcome', 'image_offset']))
    if (rows.some(({ outcome, image_offset }) => outcome === 'kept' && image_offset === null)) return true
  return false
}

const pairsOf = (manifest: Manifest | null) => manifest?.files.find(({ name }) => name === 'pairs.parquet')

function readManifest(bytes: Uint8Array): Manifest | null {
  try {
    return decodeManifest(bytes)
  } catch {
    return null
  }
}
