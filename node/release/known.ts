import type { CID } from 'multiformats/cid'
import { encode, equalBytes } from '../../protocol/codec.ts'
import { open } from '../../protocol/envelope.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { decodeRelease, type Release } from '../../protocol/records/release.ts'
import type { Profile } from '../../protocol/rules/profiles.ts'
import { compareBytes } from '../../protocol/rules/select.ts'
import { verifySignature } from '../identity.ts'
import type { Blocks, Store } from '../store/store.ts'

/** A signed release that this node keeps. */
export interface KnownRelease {
  id: CID
  signed: Release
}

/** Every release that is kept here, made here or fetched, in no order. */
export async function* knownReleases(store: Store): AsyncGenerator<KnownRelease> {
  for await (const envelope of store.releases.values()) {
    const opened = await open(envelope, verifySignature)
    yield { id: opened.id, signed: decodeRelease(opened) }
  }
}

/**
 * Keep a release, whose other blocks are all here: its signed record becomes a block that others can ask for, all of it is
 * pinned, and it is listed.
 *
 * @param bytes - of all its blocks, about
 * @param now - milliseconds since 1970
 */
export async function keepRelease(
  { store, blocks }: { store: Store; blocks: Blocks },
  release: { id: CID; envelope: Uint8Array },
  { bytes, now }: { bytes: number; now: number },
): Promise<void> {
  const { id, envelope } = release
  await blocks.put(id, envelope)
  const pin = encode({ why: 'release', since: now, bytes })
  await store.batch(
    [
      { type: 'put', sublevel: store.pins, key: id.bytes, value: pin },
      { type: 'put', sublevel: store.releases, key: id.bytes, value: envelope },
    ],
    { sync: true },
  )
}

/**
 * The latest release of a campaign and a profile that this node knows, of its own, the organiser's or an operator's: others can number
 * theirs as they like. Of several with the highest number it is the one whose content has the lowest CID, whoever looks.
 */
export async function latestRelease(
  store: Store,
  { id, campaign, profile }: { id: CID; campaign: Campaign; profile: Profile },
  self: Uint8Array,
): Promise<{ latest: KnownRelease | null; ownSeq: number }> {
  const trusted = [self, campaign.key, ...campaign.trust.operators]
  let latest: KnownRelease | null = null
  let ownSeq = -1
  for await (const one of knownReleases(store)) {
    const { signed } = one
    if (!signed.campaign.equals(id)) continue
    if (equalBytes(signed.peer, self)) ownSeq = Math.max(ownSeq, signed.removals.seq)
    if (signed.profile !== profile) continue
    if (!trusted.some((key) => equalBytes(key, signed.peer))) continue
    const order =
      latest === null
        ? 1
        : signed.number - latest.signed.number ||
          compareBytes(latest.signed.release.bytes, signed.release.bytes)
    if (order > 0) latest = one
  }
  return { latest, ownSeq }
}
