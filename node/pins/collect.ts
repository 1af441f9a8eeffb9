import { CID } from 'multiformats/cid'
import { makeMarks, type Swept } from '../store/store.ts'
import { heldRoots, isOf, listRoots, type PinParts } from './roots.ts'
import { walkDag } from './walk-dag.ts'

/**
 * Milliseconds that a block is kept though nothing pins it: fetches and publishes put blocks before their root is pinned,
 * and whoever was cut short goes on with what they have for so long.
 */
export const GRACE_MS = 24 * 60 * 60_000

export interface CollectOptions {
  clock?: () => number
  /** in place of GRACE_MS, for tests */
  graceMs?: number
  signal?: AbortSignal
  /** told of another node's shard that is no longer listed, since it is not kept */
  onDrop?: (manifest: CID) => void
}

export interface Collected extends Swept {
  /** shards of others that are no longer listed */
  dropped: number
  seconds: number
}

/**
 * Delete the blocks that no root reaches, and that came longer than GRACE_MS ago. Where a root's DAG can't be read, nothing
 * is deleted. It may be killed at any time.
 *
 * @throws ShoalError `block_corrupt`, `block_missing` where the disk does not give a block that is there; `block_delete`;
 *   the signal's reason
 */
export async function collect(
  parts: PinParts,
  { clock = Date.now, graceMs = GRACE_MS, signal, onDrop }: CollectOptions = {},
): Promise<Collected> {
  const { store, blocks, signer } = parts
  const start = performance.now()
  const before = clock() - graceMs
  let dropped = 0

  async function mark(): Promise<(multihash: Uint8Array) => boolean> {
    const marks = makeMarks()
    const keep = async (root: CID) => {
      for await (const _ of walkDag(blocks, root, marks)) signal?.throwIfAborted()
    }
    for await (const { cid } of listRoots(parts)) await keep(cid)
    for (const cid of heldRoots(blocks)) await keep(cid)
    for await (const [key, envelope] of store.shards.iterator()) {
      const manifest = CID.decode(key)
      if (marks.has(manifest.multihash.bytes) || isOf(envelope, signer.publicKey)) continue
      const found = await blocks.look(manifest)
      // what is listed is here: what came lately stays whole, and else the list goes first
      if (found && found.since >= before) await keep(manifest)
      else {
        await store.shards.del(key)
        onDrop?.(manifest)
        dropped++
      }
    }
    return (multihash) => marks.has(multihash)
  }

  const swept = await blocks.sweep({ mark, before, signal })
  return { ...swept, dropped, seconds: (performance.now() - start) / 1000 }
}
