import type { CID } from 'multiformats/cid'
import { decode } from '../../protocol/codec.ts'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_PAGE_ENTRIES } from '../../protocol/limits.ts'
import { type Campaign, decodeCampaign } from '../../protocol/records/campaign.ts'
import {
  compareEntries,
  decodeRelease,
  decodeReleaseContent,
  decodeReleasePage,
  type Release,
  type ReleaseContent,
  type ReleaseEntry,
} from '../../protocol/records/release.ts'
import { nameOfPeer, verifySignature } from '../identity.ts'
import type { Blocks } from '../store/store.ts'

/** All that is asked of a blockstore here, so that one that fetches will do. */
export type BlockReader = Pick<Blocks, 'get'>

/** A release whose signature holds, and of which record and content agree. Who signed, and when, is not judged yet. */
export interface ReadRelease {
  /** of the signed record: what people hand around */
  id: CID
  signed: Release
  content: ReleaseContent
}

/**
 * Read a release: its signed record, and the content that it names. Pages are read by `entriesOf`.
 *
 * @param cid - of the signed record
 * @throws ShoalError `release_unsigned` for the CID of a content, or of anything else that nobody signed as a release;
 *   `release_mismatch` where record and content disagree; `block_missing`, `block_corrupt`, `codec_*`, `envelope_*`,
 *   `release_*`
 */
export async function readRelease(blocks: BlockReader, cid: CID): Promise<ReadRelease> {
  const bytes = await readBlock(blocks, cid)
  if (!isReleaseRecord(bytes))
    throw new ShoalError(
      'release_unsigned',
      `${cid} is no signed release: name the release by the CID that \`shoal release create\` printed`,
    )
  const signed = decodeRelease(await open(bytes, verifySignature))
  const content = decodeReleaseContent(await readBlock(blocks, signed.release))
  const { removals } = signed
  if (
    !content.campaign.equals(signed.campaign) ||
    content.number !== signed.number ||
    content.profile !== signed.profile ||
    Buffer.compare(content.removals ?? EMPTY, removals.root ?? EMPTY) !== 0
  )
    throw new ShoalError(
      'release_mismatch',
      `release ${cid}: its content is not what was signed; do not use it`,
    )
  return { id: cid, signed, content }
}
const EMPTY = new Uint8Array()

/** Whether a block is a release's signed record, by its look: nothing is verified. */
export function isReleaseRecord(block: Uint8Array): boolean {
  try {
    return (decode(block) as { kind?: unknown } | null)?.kind === 'release'
  } catch {
    return false
  }
}

/**
 * The shards of a release in their order, a page in memory at a time.
 *
 * @throws ShoalError `release_mismatch` where pages, their order or their counts are not what the content says;
 *   `block_missing`, `block_corrupt`, `codec_*`, `release_*`
 */
export async function* entriesOf(blocks: BlockReader, content: ReleaseContent): AsyncGenerator<ReleaseEntry> {
  const sums = { shards: 0, pairs: 0, duplicates: 0, removed: 0, unfit: 0 }
  let last: ReleaseEntry | null = null
  for (const [page, cid] of content.shards.entries()) {
    const fault = (what: string) =>
      new ShoalError('release_mismatch', `page ${page + 1} of the release (${cid}) ${what}; do not use it`)
    const entries = decodeReleasePage(await readBlock(blocks, cid))
    if (page < content.shards.length - 1 && entries.length < MAX_PAGE_ENTRIES) throw fault('is not full')
    if (last !== null && compareEntries(last, entries[0]!) >= 0) throw fault('is not in its place')
    last = entries.at(-1)!
    for (const entry of entries) {
      sums.shards++
      sums.pairs += entry.rows
      sums.duplicates += entry.duplicates
      sums.removed += entry.removed
      sums.unfit += entry.unfit
      if ((entry.attestation === null) !== (content.attestedBy === null))
        throw fault('has attestations where its content names nobody, or none where it does')
      yield entry
    }
  }
  for (const name of ['shards', 'pairs', 'duplicates', 'removed', 'unfit'] as const)
    if (sums[name] !== content.counts[name])
      throw new ShoalError(
        'release_mismatch',
        `the release counts ${content.counts[name]} ${name}, its pages ${sums[name]}; do not use it`,
      )
}

/**
 * Whether a release may be used: its signer is trusted, and its removals are not stale.
 *
 * Trusted are the campaign's organiser and the operators that it lists, and whoever is named in `signers`.
 *
 * @param campaign - its record, or null where it is not to be had: then only `signers` are trusted
 * @param signers - keys of peers that the reader trusts besides
 * @param now - milliseconds since 1970
 * @throws ShoalError `release_signer`, `removals_stale`
 */
export function demandTrusted(
  { id, signed }: Pick<ReadRelease, 'id' | 'signed'>,
  { campaign, signers, now }: { campaign: Campaign | null; signers: readonly Uint8Array[]; now: number },
): void {
  const trusted = [...signers, ...(campaign === null ? [] : [campaign.key, ...campaign.trust.operators])]
  if (!trusted.some((key) => Buffer.compare(key, signed.peer) === 0)) {
    const peer = nameOfPeer(signed.peer)
    throw new ShoalError(
      'release_signer',
      `release ${id} is signed by ${peer}, who is neither the campaign's organiser nor one of its operators: if you trust that node, say --signer ${peer}`,
    )
  }
  const { nextUpdate } = signed.removals
  if (nextUpdate <= now)
    throw new ShoalError(
      'removals_stale',
      `the removals of release ${id} were to be renewed by ${new Date(nextUpdate).toISOString()}: pairs may have been removed since; get a newer release of the campaign`,
    )
}

/**
 * The record of a release's campaign, which is one of its blocks.
 *
 * @throws ShoalError `block_missing`, `block_corrupt`, `codec_*`, `envelope_*`, `campaign_*`
 */
export async function campaignOf(blocks: BlockReader, content: ReleaseContent): Promise<Campaign> {
  return decodeCampaign(await open(await readBlock(blocks, content.campaign), verifySignature))
}

export async function readBlock(blocks: BlockReader, cid: CID): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of blocks.get(cid)) parts.push(part)
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
}
