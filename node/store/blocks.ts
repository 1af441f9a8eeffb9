import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FsBlockstore } from 'blockstore-fs'
import { NextToLast } from 'blockstore-fs/sharding'
import parallel from 'it-parallel'
import type { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { ShoalError } from '../../protocol/errors.ts'
import { type SweepOptions, type Swept, watchTraffic } from './sweep.ts'

/** Content-addressed blocks in a directory: an `interface-blockstore` Blockstore. */
export interface Blocks extends FsBlockstore {
  /**
   * As `put`, but the disk may have it later, by `sync`: a power cut before that may leave less of it, which `get`
   * finds out. For blocks that can be had again.
   */
  putSoon(cid: CID, bytes: Uint8Array): Promise<void>
  /** Settles when the disk has all that `putSoon` was given before. @throws ShoalError `block_write` */
  sync(): Promise<void>
  /** @returns a block's size and when it was written, milliseconds since 1970; null where it is not here */
  look(cid: CID): Promise<{ bytes: number; since: number } | null>
  /**
   * Say that a block which was written before a time (milliseconds since 1970) is no part of anything unfinished: the
   * next sweep need not wait for it.
   */
  ripen(cid: CID, before: number): Promise<void>
  /**
   * Delete the blocks that nothing keeps, one sweep at a time. Those that anybody asks for or writes meanwhile stay.
   *
   * @throws ShoalError `block_delete`; whatever `mark` throws, and then nothing is deleted
   */
  sweep(options: SweepOptions): Promise<Swept>
}

/** Files that are flushed at once. */
const FLUSHES = 8
/** Milliseconds after which an unfinished file can only be a dead process's. */
const STALE_MS = 3_600_000
/** The age of what need not be waited for: not zero, which some file systems take for no time at all. */
const RIPE = new Date(86_400_000)

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

class CheckedBlocks extends FsBlockstore implements Blocks {
  readonly #names: NextToLast
  readonly #unfinished: string
  /** files that the disk may not have yet */
  #unflushed = new Set<string>()
  readonly #traffic = watchTraffic()

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
    await this.#write(cid, bytes, true)
    return cid
  }

  async putSoon(cid: CID, bytes: Uint8Array): Promise<void> {
    this.#unflushed.add(await this.#write(cid, bytes, false))
  }

  async sync(): Promise<void> {
    const files = this.#unflushed
    this.#unflushed = new Set()
    try {
      for await (const _ of parallel(
        Array.from(files, (file) => () => flush(file)),
        { concurrency: FLUSHES },
      ));
    } catch (cause) {
      for (const file of files) this.#unflushed.add(file)
      throw new ShoalError(
        'block_write',
        `can't flush the blocks in ${this.path} (${(cause as Error).message}): check the disk`,
        { cause },
      )
    }
  }

  async #write(cid: CID, bytes: Parameters<FsBlockstore['put']>[1], flush: boolean): Promise<string> {
    const file = this.#fileOf(cid)
    const unfinished = join(this.#unfinished, randomUUID())
    const written = this.#traffic.write(cid.multihash.bytes, file)
    try {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(unfinished, bytes, { flush })
      await rename(unfinished, file)
    } catch (error) {
      await rm(unfinished, { force: true })
      throw new ShoalError(
        'block_write',
        `can't write block ${cid} to ${file} (${(error as Error).message}): check the disk's space and the directory's permissions`,
        { cause: error },
      )
    } finally {
      written()
    }
    return file
  }

  override has(cid: CID): Promise<boolean> {
    this.#traffic.ask(cid.multihash.bytes)
    return super.has(cid)
  }

  async look(cid: CID): Promise<{ bytes: number; since: number } | null> {
    const found = await stat(this.#fileOf(cid)).catch(() => null)
    return found && { bytes: found.size, since: found.mtimeMs }
  }

  async ripen(cid: CID, before: number): Promise<void> {
    const file = this.#fileOf(cid)
    const found = await stat(file).catch(() => null)
    if (found !== null && found.mtimeMs < before) await utimes(file, RIPE, RIPE).catch(() => {})
  }

  sweep(options: SweepOptions): Promise<Swept> {
    return this.#traffic.sweep(this.path, options)
  }

  override async *get(cid: CID): AsyncGenerator<Uint8Array> {
    this.#traffic.ask(cid.multihash.bytes)
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

async function flush(path: string): Promise<void> {
  try {
    await using file = await open(path)
    await file.datasync()
  } catch (error) {
    // one that was deleted meanwhile need not be there
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
