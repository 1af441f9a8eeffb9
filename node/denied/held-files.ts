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

/**
 * Tells every file with rows that is here. Those of shards and releases that can't be read are passed over. What they
 * consist of never changes, and is read once.
 */
export function startHeldFiles({ store, blocks }: { store: Store; blocks: Blocks }) {
  let known = new Map<string, HeldFile[]>()

  return async function* heldFiles(): AsyncGenerator<HeldFile> {
    const here: typeof known = new Map()
    async function filesOf(name: string, read: () => Promise<HeldFile[] | null>): Promise<HeldFile[]> {
      const files = known.get(name) ?? (await read())
      if (files) here.set(name, files)
      return files ?? []
    }
    for await (const key of store.shards.keys()) {
      const cid = CID.decode(key)
      yield* await filesOf(`${cid}`, () => filesOfShard(blocks, cid))
    }
    for await (const { id } of knownReleases(store))
      yield* await filesOf(`${id}`, () => filesOfRelease(blocks, id))
    known = here
  }
}

async function filesOfShard(blocks: Blocks, cid: CID): Promise<HeldFile[] | null> {
  const manifest = await readManifest(blocks, cid)
  if (manifest === null) return null
  const { campaign, files } = manifest
  return files.map((file) => ({ campaign, file }))
}

async function filesOfRelease(blocks: Blocks, id: CID): Promise<HeldFile[] | null> {
  try {
    const { content } = await readRelease(blocks, id)
    const files: HeldFile[] = []
    for await (const entry of entriesOf(blocks, content)) {
      const file = await rewrittenFile(blocks, entry)
      if (file) files.push({ campaign: content.campaign, file })
    }
    return files
  } catch {
    return null
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
