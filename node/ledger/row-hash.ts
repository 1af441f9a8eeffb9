import { DIGEST_BYTES } from '../../protocol/sync/fingerprints.ts'
import { mixHash } from './row-table.ts'
import { CLAIM, HEAD, REMOVAL, type Rows, SHARD, VERDICT } from './rows.ts'

/** What each kind is found by besides its id: there may be several rows of one place. */
export function hashPlace(rows: Rows, seed: number, row: number): number {
  const campaign = rows.word(row, 'campaign')
  const peer = rows.word(row, 'peer')
  switch (rows.word(row, 'kind')) {
    case CLAIM:
      return hash3(seed, campaign, rows.word(row, 'segment'), peer)
    case SHARD:
    case REMOVAL:
      return hashChained(seed, rows.word(row, 'kind'), campaign, peer, rows.number(row, 'seq'))
    case HEAD:
      return hashHeads(seed, campaign)
    default:
      return mixHash(hashManifest(seed, campaign, rows.manifest(row)), peer)
  }
}

/** The claims and shards of a segment, the verdicts on a manifest, the removals of a subject, the heads of a campaign. */
export function hashGroup(rows: Rows, seed: number, row: number): number {
  const campaign = rows.word(row, 'campaign')
  switch (rows.word(row, 'kind')) {
    case VERDICT:
    case REMOVAL:
      return hashManifest(seed, campaign, rows.manifest(row))
    case HEAD:
      return hashHeads(seed, campaign)
    default:
      return hash3(seed, campaign, rows.word(row, 'segment'), 0)
  }
}

/** All of it: strangers write into records whatever they like for a manifest. */
export function hashManifest(seed: number, campaign: number, manifest: Uint8Array): number {
  let hash = mixHash(seed + 2, campaign)
  for (let at = 0; at < DIGEST_BYTES; at += 4) hash = mixHash(hash, wordOf(manifest, at))
  return hash
}

/** A place in a peer's chain of one kind. */
export function hashChained(seed: number, kind: number, campaign: number, peer: number, seq: number): number {
  return hash3(seed + kind, campaign, peer, seq)
}

export function hashHeads(seed: number, campaign: number): number {
  return hash3(seed + 3, campaign, 0, 0)
}

export function hash3(seed: number, a: number, b: number, c: number): number {
  // `c` may be a seq beyond 32 bits
  return mixHash(mixHash(mixHash(mixHash(seed, a), b), c), c / 2 ** 32)
}

export function hashId(seed: number, digest0: number, digest4: number): number {
  return mixHash(mixHash(seed, digest0), digest4)
}

export function wordOf(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
