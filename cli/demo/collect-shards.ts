import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import type { ShardDetails } from '../../node/components.ts'
import { openHome } from '../../node/home.ts'
import { readShard, saveFiles } from '../../node/shard/shard.ts'
import type { DemoNode } from './nodes.ts'

/**
 * Have every node get the shards of the others, and check those and its own.
 *
 * @returns the shards, in the segments' order, and how many each node got from others
 * @throws ShoalError as the daemon's `fetch`
 */
export async function fetchShards(
  nodes: readonly DemoNode[],
  segments: readonly { segment: number; peer: string; manifest: string | null }[],
): Promise<{ shards: ShardDetails[]; fetched: number[] }> {
  const all = await Promise.all(
    nodes.map(async (node) => {
      const { peerId } = await node.ask('status')
      const shards: ShardDetails[] = []
      for (const { manifest } of segments) {
        const { shard } = await node.ask('fetch', { cid: manifest, unverified: true })
        shards.push(shard!)
      }
      return { shards, fetched: shards.filter(({ peer }) => peer !== peerId).length }
    }),
  )
  return { shards: all[0]!.shards, fetched: all.map(({ fetched }) => fetched) }
}

/**
 * Write plain copies of the shards' files, `segment-0/pairs.parquet` and so on, and note their places in `files`.
 *
 * @param dataDir - of a node that has ended
 */
export async function saveShards(
  dataDir: string,
  shards: readonly ShardDetails[],
  outDir: string,
): Promise<void> {
  const home = await openHome(dataDir)
  try {
    for (const { manifest, segment, files } of shards) {
      const shard = await readShard(home, CID.parse(manifest))
      const paths = await saveFiles(home.blocks, shard.manifest, join(outDir, `segment-${segment}`))
      for (const [name, file] of Object.entries(files)) file.path = paths[name] ?? null
    }
  } finally {
    await home.close()
  }
}
