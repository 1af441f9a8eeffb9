import { decode as decodeNode } from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { CODECS } from '../../protocol/codec.ts'
import { decodeManifest, type Manifest } from '../../protocol/records/manifest.ts'
import type { ReleaseEntry } from '../../protocol/records/release.ts'
import { entriesOf, knownReleases, readRelease } from '../release/release.ts'
import { readBlock } from '../shard/shard.ts'
import type { Blocks, Store } from '../store/store.ts'

/** A file of rows that is kept here: one of a shard's, or what a release left of one. */
export interface HeldFile {
  campaign: CID
  file: Manifest['files'][number]
}

/** Levels of a file's tree: 1,024 links a node and 1 MiB a leaf make a petabyte of three. */
const MAX_DEPTH = 4

/** Every file with rows that is here. Those of shards and releases that can't be read are passed over. */
export async function* heldFiles({
  store,
  blocks,
}: {
  store: Store
  blocks: Blocks
}): AsyncGenerator<HeldFile> {
  for await (const key of store.shards.keys()) {
    const manifest = await readManifest(blocks, CID.decode(key))
    for (const file of manifest?.files ?? []) yield { campaign: manifest!.campaign, file }
  }
  for await (const { id } of knownReleases(store)) {
    const read = await readRelease(blocks, id).catch(() => null)
    if (read === null) continue
    const { campaign } = read.content
    const entries = entriesOf(blocks, read.content)
    for (;;) {
      const next = await entries.next().catch(() => null)
      if (next === null || next.done) break
      const file = await rewrittenFile(blocks, next.value)
      if (file) yield { campaign, file }
    }
  }
}

/** Of an entry that lost rows; what lost none is the shard's own. */
async function rewrittenFile(
  blocks: Blocks,
  { pairs, bytes, rows, manifest }: ReleaseEntry,
): Promise<HeldFile['file'] | null> {
  if (rows === 0 || !(await blocks.has(pairs))) return null
  const own = (await readManifest(blocks, manifest))?.files.find(({ name }) => name === 'pairs.parquet')
  return own ? { ...own, cid: pairs, bytes, rows } : null
}

async function readManifest(blocks: Blocks, cid: CID): Promise<Manifest | null> {
  try {
    return decodeManifest(await readBlock(blocks, cid))
  } catch {
    return null
  }
}

/** Every block of a file, as far as they are here. */
export async function* blocksOfFile(blocks: Blocks, file: CID, depth = 0): AsyncGenerator<CID> {
  yield file
  if (file.code !== CODECS['dag-pb'] || depth > MAX_DEPTH || !(await blocks.has(file))) return
  for (const { Hash } of decodeNode(await readBlock(blocks, file)).Links)
    yield* blocksOfFile(blocks, Hash, depth + 1)
}
