import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FsBlockstore } from 'blockstore-fs'
import { NextToLast } from 'blockstore-fs/sharding'
import type { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { ShoalError } from '../../protocol/errors.ts'

/** Content-addressed blocks in a directory: an `interface-blockstore` Blockstore. */
export type Blocks = FsBlockstore

/** Milliseconds after which an unfinished file can only be a dead process's. */
const STALE_MS = 3_600_000

/**
 * Open a directory of blocks, made where there is none. Any number of processes may use it at once.
 *
 * A block appears under its name only when all of it is on the disk, so no end of the process, however
 * sudden, leaves half a block; and every block read is hashed and compared with its CID.
 *
 * @throws ShoalError, from `get`: `block_missing`, `block_corrupt`, or `block_hash` for a CID that is not
 *   by sha2-256
 */
export async function openBlocks(dir: string): Promise<Blocks> {
  const blocks = new CheckedBlocks(dir)
  await blocks.open()
  return blocks
}

class CheckedBlocks extends FsBlockstore {
  readonly #names: NextToLast
  readonly #unfinished: string

  constructor(dir: string) {
    const names = new NextToLast()
    super(dir, { shardingStrategy: names })
    this.#names = names
    this.#unfinished = join(this.path, 'unfinished')
  }

  override async open(): Promise<void> {
    await mkdir(this.#unfinished, { recursive: true })
    for (const name of await readdir(this.#unfinished)) {
      const file = join(this.#unfinished, name)
      const age = await stat(file).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      )
      if (age > STALE_MS) await rm(file, { force: true })
    }
  }

  // FsBlockstore's own put shares one temporary name among writers of the same block and does not fsync
  override async put(cid: CID, bytes: Parameters<FsBlockstore['put']>[1]): Promise<CID> {
    const file = this.#fileOf(cid)
    const unfinished = join(this.#unfinished, randomUUID())
    try {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(unfinished, bytes, { flush: true })
      await rename(unfinished, file)
    } catch (error) {
      await rm(unfinished, { force: true })
      throw new ShoalError(
        'block_write',
        `can't write block ${cid} to ${file} (${(error as Error).message}): check the disk's space and the directory's permissions`,
        { cause: error },
      )
    }
    return cid
  }

  override async *get(cid: CID): AsyncGenerator<Uint8Array> {
    const file = this.#fileOf(cid)
    if (cid.multihash.code !== sha256.code)
      throw new ShoalError(
        'block_hash',
        `block ${cid} is named by a hash other than sha2-256: it can't be checked`,
      )
    const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw new ShoalError(
        'block_missing',
        error.code === 'ENOENT'
          ? `block ${cid} is not in ${this.path}: fetch or publish the shard again`
          : `can't read block ${cid} from ${file}: ${error.message}`,
        { cause: error },
      )
    })
    if (!createHash('sha256').update(bytes).digest().equals(cid.multihash.digest))
      throw new ShoalError(
        'block_corrupt',
        `${file} does not match its CID ${cid}: the disk failed or somebody changed it; delete that file and fetch or publish the shard again`,
      )
    yield bytes
  }

  #fileOf(cid: CID): string {
    const { dir, file } = this.#names.encode(cid)
    return join(this.path, dir, file)
  }
}
