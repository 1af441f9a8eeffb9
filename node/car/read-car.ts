import { createHash } from 'node:crypto'
import { asyncIterableReader, readBlockHead, readHeader } from '@ipld/car/decoder'
import type { CID } from 'multiformats/cid'
import { SHA2_256 } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Block } from './walk-blocks.ts'

/** Bytes of one block: what bitswap carries at most, so that no other way of getting it is closed. */
const MAX_BLOCK_BYTES = 2 * 1024 * 1024
/** Roots of a file: a shard has three. */
const MAX_ROOTS = 64
/** The multihash whose digest is the block itself. */
const IDENTITY = 0

export interface Car {
  roots: CID[]
  /** each hashed to its CID, in the file's order; those named by an identity CID are left out */
  blocks: AsyncIterable<Block>
}

/**
 * Read a CAR v1, a block at a time.
 *
 * @param name - of the file, for messages
 * @throws ShoalError, from here or from `blocks`: `car_truncated`; `car_malformed` for garbage; `car_version` for CAR v2;
 *   `car_roots` for none or too many; `car_hash` for another hash than sha2-256; `car_oversize` for a block beyond
 *   MAX_BLOCK_BYTES; `car_mislabelled` for bytes that are not those of their CID
 */
export async function readCar(name: string, source: AsyncIterable<Uint8Array>): Promise<Car> {
  let hasEnded = false
  const reader = bound(
    name,
    asyncIterableReader(
      (async function* () {
        yield* source
        hasEnded = true
      })(),
    ),
  )
  const explain = (cause: Error): Error => {
    if (cause instanceof ShoalError || !isDecoders(cause)) return cause
    return hasEnded && /end of data|decode varint/i.test(cause.message)
      ? new ShoalError('car_truncated', `${name} ends in the middle of a block: get it again`, { cause })
      : new ShoalError('car_malformed', `${name} is no CAR file (${cause.message}): get it again`, { cause })
  }

  async function readRoots(): Promise<CID[]> {
    const header = await readHeader(reader)
    if (header.version !== 1) throw versionError(name)
    return header.roots
  }
  async function readBlock(): Promise<Block> {
    const { cid, blockLength } = await readBlockHead(reader)
    if (blockLength < 0)
      throw new ShoalError('car_malformed', `${name} has a block that is shorter than its name`)
    if (cid.multihash.code !== IDENTITY) demandHash(name, cid)
    return { cid, bytes: await reader.exactly(blockLength, true) }
  }

  async function* readBlocks(): AsyncGenerator<Block> {
    while ((await reader.upTo(8)).length > 0) {
      const block = await readBlock().catch((cause) => {
        throw explain(cause)
      })
      if (block.cid.multihash.code === IDENTITY) continue
      if (!createHash('sha256').update(block.bytes).digest().equals(block.cid.multihash.digest))
        throw new ShoalError(
          'car_mislabelled',
          `${name} says of other bytes that they are block ${block.cid}: do not use it`,
        )
      yield block
    }
  }

  const roots = await readRoots().catch((cause) => {
    throw /version/i.test(cause.message) ? versionError(name, cause) : explain(cause)
  })
  if (roots.length === 0 || roots.length > MAX_ROOTS)
    throw new ShoalError(
      'car_roots',
      roots.length === 0
        ? `${name} has no roots, so that nothing says what it holds: write it anew with one`
        : `${name} has ${roots.length} roots, more than ${MAX_ROOTS}: write several files`,
    )
  for (const root of roots) demandHash(name, root)
  return { roots, blocks: readBlocks() }
}

type Reader = ReturnType<typeof asyncIterableReader>

/** Lengths come from the file: none is believed that asks for more memory than a block may take. */
function bound(name: string, reader: Reader): Reader {
  return {
    upTo: (length) => reader.upTo(length),
    exactly(length, seek) {
      if (length > MAX_BLOCK_BYTES)
        throw new ShoalError(
          'car_oversize',
          `${name} has a part of ${length} bytes, more than a block's ${MAX_BLOCK_BYTES}`,
        )
      return reader.exactly(length, seek)
    },
    seek: (length) => reader.seek(length),
    get pos() {
      return reader.pos
    },
  }
}

function demandHash(name: string, cid: CID): void {
  if (cid.multihash.code !== SHA2_256)
    throw new ShoalError(
      'car_hash',
      `${name} has block ${cid}, which is named by a hash other than sha2-256: it can't be checked`,
    )
}

function versionError(name: string, cause?: Error): ShoalError {
  return new ShoalError('car_version', `${name} is not CAR version 1: convert it, or export it as that`, {
    cause,
  })
}

/** A failure of the disk or the network is no fault of the file's. */
const isDecoders = (error: Error) => (error as NodeJS.ErrnoException).syscall === undefined
