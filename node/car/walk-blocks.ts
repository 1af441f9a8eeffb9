import type { CID } from 'multiformats/cid'
import { linksOf } from '../pins/pins.ts'
import { entriesOf, readRelease } from '../release/release.ts'
import { type Blocks, makeMarks } from '../store/store.ts'

export interface Block {
  cid: CID
  bytes: Uint8Array
}

/** Whatever gives blocks that match their CIDs. */
export type BlockReader = Pick<Blocks, 'get'>

export interface WalkOptions {
  /** give a block each time it is met, not the first time alone */
  dups?: boolean
  signal?: AbortSignal | undefined
}

/** The multihash whose digest is the block itself: it lies nowhere. */
const IDENTITY = 0

/**
 * Read DAGs depth first, a block before those that it links, in the order of its links. What a DAG is made of is told by
 * `linksOf`. Blocks named by an identity CID are left out: who has the CID has them.
 *
 * @throws ShoalError `block_missing`, `block_corrupt`, `block_hash`; the signal's reason
 */
export async function* walkBlocks(
  blocks: BlockReader,
  roots: readonly CID[],
  { dups = false, signal }: WalkOptions = {},
): AsyncGenerator<Block> {
  const seen = makeMarks()
  const open = roots.toReversed()
  for (let cid = open.pop(); cid !== undefined; cid = open.pop()) {
    signal?.throwIfAborted()
    if (cid.multihash.code === IDENTITY) continue
    // the same bytes may be named by several codecs
    if (!dups && !seen.add(cid.multihash.bytes, cid.code)) continue
    const bytes = await readWhole(blocks, cid)
    yield { cid, bytes }
    // one at a time: a block may have more than a call takes arguments
    for (const link of linksOf(cid.code, bytes).reverse()) open.push(link)
  }
}

/**
 * Read what a signed release consists of: its own blocks and its campaign's record, and of each shard the manifest, the
 * producer's record and the pairs that are left. All else of the shards, rows that fell among it, is left out.
 *
 * @throws ShoalError as `walkBlocks`, `readRelease`
 */
export async function* walkRelease(
  blocks: Blocks,
  release: CID,
  { signal }: WalkOptions = {},
): AsyncGenerator<Block> {
  const { signed, content } = await readRelease(blocks, release)
  for (const cid of [release, signed.release, ...content.shards, content.campaign])
    yield { cid, bytes: await readWhole(blocks, cid) }
  const attestations = makeMarks()
  for await (const { manifest, record, pairs, attestation } of entriesOf(blocks, content)) {
    for (const cid of [manifest, record]) yield { cid, bytes: await readWhole(blocks, cid) }
    // shards that were looked at together have the same
    if (attestation !== null && attestations.add(attestation.multihash.bytes))
      yield { cid: attestation, bytes: await readWhole(blocks, attestation) }
    yield* walkBlocks(blocks, [pairs], { signal })
  }
}

/** @throws ShoalError `block_missing`, `block_corrupt`, `block_hash` */
export async function readWhole(blocks: BlockReader, cid: CID): Promise<Uint8Array> {
  const parts = await Array.fromAsync(blocks.get(cid))
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}
