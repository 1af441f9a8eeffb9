import { unixfs } from '@helia/unixfs'
import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { decodeManifest } from '../../protocol/records/manifest.ts'
import { decodeShard } from '../../protocol/records/shard.ts'
import { verifySignature } from '../identity.ts'
import { type Blocks, type FetchBlock, fillBlocks, type Store } from '../store/store.ts'
import { type CheckedShard, readBlock, readShard } from './read.ts'

/**
 * Get another node's shard, block by block; what is here already is not asked for. It counts as here once all of it
 * has been checked.
 *
 * @param envelope - the producer's record of it
 * @throws ShoalError `shard_mismatch` where the record is another's; `block_missing`; as `readShard`
 */
export async function fetchShard(
  { store, blocks }: { store: Store; blocks: Blocks },
  manifest: CID,
  envelope: Uint8Array,
  fetchBlock: FetchBlock,
): Promise<CheckedShard> {
  const record = decodeShard(await open(envelope, verifySignature))
  if (!record.manifest.equals(manifest))
    throw new ShoalError('shard_mismatch', `${manifest}: what its producer signed is ${record.manifest}`)
  const filled = fillBlocks(blocks, fetchBlock)
  const { files } = decodeManifest(await readBlock(filled, manifest))
  const read = unixfs({ blockstore: filled })
  for (const { name, cid, bytes } of files) {
    let got = 0
    for await (const part of read.cat(cid)) {
      got += part.length
      if (got > bytes)
        throw new ShoalError('shard_bytes', `${name} (${cid}) has more bytes than its manifest says`)
    }
  }
  const known = await store.shards.get(manifest.bytes)
  if (known) return readShard({ store, blocks }, manifest)
  await store.shards.put(manifest.bytes, envelope)
  try {
    return await readShard({ store, blocks }, manifest)
  } catch (error) {
    await store.shards.del(manifest.bytes)
    throw error
  }
}
