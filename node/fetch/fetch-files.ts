import { decode as decodeNode } from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import { CODECS } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Blocks } from '../store/store.ts'
import { BLOCKS_PER_SYNC, FAN_OUT, LEAF_BYTES, MAX_AT_ONCE } from './limits.ts'
import type { SourcePool } from './source-pool.ts'

/** A file as a manifest or a release has it. */
export interface WantedFile {
  /** for people */
  name: string
  cid: CID
  bytes: number
}

/** How far a fetch is, in bytes of files: what is here already counts as done. */
export interface FetchProgress {
  done: number
  total: number
}

interface Parts {
  blocks: Pick<Blocks, 'get' | 'putSoon' | 'sync'>
  pool: Pick<SourcePool, 'get'>
}

/**
 * Get a block and keep it, unless it is here whole.
 *
 * @throws ShoalError `block_missing`, `block_write`; the reason of the pool's signal
 */
export async function fetchOne({ blocks, pool }: Parts, cid: CID): Promise<Uint8Array> {
  const here = await readHere(blocks, cid)
  if (here !== null) return here
  const bytes = await pool.get(cid)
  await blocks.putSoon(cid, bytes)
  return bytes
}

/** @returns null where it is not here, or what lies in its place is something else */
async function readHere(blocks: Parts['blocks'], cid: CID): Promise<Uint8Array | null> {
  try {
    const parts = await Array.fromAsync(blocks.get(cid))
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  } catch (error) {
    if (['block_missing', 'block_corrupt'].includes((error as ShoalError).code)) return null
    throw error
  }
}

/**
 * Get the blocks of files, several at once, in constant memory. Afterwards the disk has them. The tree of a file has to be the one
 * that its size leads to, so that nobody can make a node ask for more.
 *
 * @throws ShoalError `shard_bytes` where a file is laid out otherwise; as `fetchOne`
 */
export async function fetchFiles(
  parts: Parts,
  files: readonly WantedFile[],
  onProgress: (progress: FetchProgress) => void = () => {},
): Promise<void> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | null = null
  let done = 0
  let written = 0

  async function fetchLeaf({ name, cid, bytes }: WantedFile): Promise<void> {
    const leaf = await fetchOne(parts, cid)
    if (leaf.length !== bytes) throw misshapen(name, cid, `has ${leaf.length} bytes in place of ${bytes}`)
    done += bytes
    onProgress({ done, total })
    if (++written % BLOCKS_PER_SYNC === 0) await parts.blocks.sync()
  }

  async function fetchAll(): Promise<void> {
    for (const file of files)
      for await (const leaf of leavesOf(parts, file)) {
        if (running.size >= MAX_AT_ONCE) await Promise.race(running)
        if (failure !== null) return
        const work = fetchLeaf(leaf)
          .catch((error) => {
            failure ??= { error }
          })
          .finally(() => running.delete(work))
        running.add(work)
      }
  }

  onProgress({ done, total })
  await fetchAll().catch((error) => {
    failure ??= { error }
  })
  // TypeScript does not see that the leaves set it
  const failed = failure as { error: unknown } | null
  if (failed !== null) {
    // the pool ends what is under way
    void Promise.all(running)
    throw failed.error
  }
  await Promise.all(running)
  if (failure !== null) throw (failure as { error: unknown }).error
  await parts.blocks.sync()
}

/** The leaves of a file, with the size that each has to have; one node a level is in memory. */
async function* leavesOf(parts: Parts, file: WantedFile): AsyncGenerator<WantedFile> {
  let level = 0
  for (let covered = LEAF_BYTES; covered < file.bytes; covered *= FAN_OUT) level++
  yield* below(parts, file, level)
}

async function* below(parts: Parts, node: WantedFile, level: number): AsyncGenerator<WantedFile> {
  const { name, cid, bytes } = node
  const isLeaf = cid.code === CODECS.raw
  if (isLeaf !== (level === 0)) throw misshapen(name, cid, isLeaf ? 'is a leaf' : 'is no leaf')
  if (isLeaf) return yield node
  const span = LEAF_BYTES * FAN_OUT ** (level - 1)
  const links = linksOf(name, cid, await fetchOne(parts, cid))
  if (links.length !== Math.ceil(bytes / span)) throw misshapen(name, cid, `has ${links.length} links`)
  for (const [i, link] of links.entries())
    yield* below(parts, { name, cid: link, bytes: Math.min(span, bytes - i * span) }, level - 1)
}

function linksOf(name: string, cid: CID, bytes: Uint8Array): CID[] {
  try {
    return decodeNode(bytes).Links.map(({ Hash }) => Hash)
  } catch {
    throw misshapen(name, cid, 'is no node of a file')
  }
}

function misshapen(name: string, cid: CID, what: string): ShoalError {
  return new ShoalError(
    'shard_bytes',
    `${name}: its block ${cid} ${what}, which does not follow from the size of the file; do not use it`,
  )
}
