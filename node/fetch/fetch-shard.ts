import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { decodeManifest } from '../../protocol/records/manifest.ts'
import { decodeShard } from '../../protocol/records/shard.ts'
import { verifySignature } from '../identity.ts'
import { type CheckedShard, readShard } from '../shard/shard.ts'
import type { Blocks, Store } from '../store/store.ts'
import { type FetchProgress, fetchFiles, fetchOne } from './fetch-files.ts'
import type { SourcePool } from './source-pool.ts'

export interface FetchShardOptions {
  pool: Pick<SourcePool, 'get'>
  /** bytes of files that are fetched; more is refused */
  maxBytes: number
  onProgress?: ((progress: FetchProgress) => void) | undefined
}

/**
 * Get another node's shard; what is here already, and whole, is not asked for. It counts as here once all of it has been
 * checked.
 *
 * @param envelope - the producer's record of it
 * @throws ShoalError `shard_mismatch` where the record is another's; `shard_large`; as `fetchFiles` and `readShard`
 */
export async function fetchShard(
  { store, blocks }: { store: Store; blocks: Blocks },
  manifest: CID,
  envelope: Uint8Array,
  { pool, maxBytes, onProgress }: FetchShardOptions,
): Promise<CheckedShard> {
  const record = decodeShard(await open(envelope, verifySignature))
  if (!record.manifest.equals(manifest))
    throw new ShoalError('shard_mismatch', `${manifest}: what its producer signed is ${record.manifest}`)
  const { files } = decodeManifest(await fetchOne({ blocks, pool }, manifest))
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  if (bytes > maxBytes)
    throw new ShoalError(
      'shard_large',
      `shard ${manifest} has ${bytes} bytes, and ${maxBytes} may be fetched: make room, or leave it`,
    )
  await fetchFiles({ blocks, pool }, files, onProgress)
  if (await store.shards.get(manifest.bytes)) return readShard({ store, blocks }, manifest)
  await store.shards.put(manifest.bytes, envelope)
  try {
    return await readShard({ store, blocks }, manifest)
  } catch (error) {
    await store.shards.del(manifest.bytes)
    throw error
  }
}
