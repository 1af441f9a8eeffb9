import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { CID } from 'multiformats/cid'
import { cidOf } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { decodeManifest } from '../../protocol/records/manifest.ts'
import { isReleaseRecord } from '../release/release.ts'
import type { Blocks, Store } from '../store/store.ts'
import { type Block, readWhole, walkBlocks, walkRelease } from './walk-blocks.ts'
import { writeCar } from './write-car.ts'

export interface ExportedCar {
  /** absolute */
  path: string
  /** CIDs: what was asked for first, then for a shard the records that vouch for it */
  roots: string[]
  blocks: number
  bytes: number
}

/**
 * Write a DAG to a file, which appears under its name when all of it is written. A shard's file has two or three roots:
 * its manifest, what its producer signed, and its campaign's record where that is known here.
 *
 * @throws ShoalError `block_missing`, `block_corrupt`; `car_write`
 */
export async function exportCar(
  { store, blocks }: { store: Store; blocks: Blocks },
  cid: CID,
  out: string,
): Promise<ExportedCar> {
  // what is missing is told before anything is written
  const isRelease = isReleaseRecord(await readWhole(blocks, cid))
  const records = isRelease ? [] : await recordsOf({ store, blocks }, cid)
  const roots = [cid, ...records.map((record) => record.cid)]
  const counts = { blocks: 0, bytes: 0 }
  async function* all(): AsyncGenerator<Block> {
    yield* isRelease ? walkRelease(blocks, cid) : walkBlocks(blocks, [cid])
    yield* records
  }
  async function* counted(): AsyncGenerator<Uint8Array> {
    const told = (async function* () {
      for await (const block of all()) {
        counts.blocks++
        yield block
      }
    })()
    for await (const part of writeCar(roots, told)) {
      counts.bytes += part.length
      yield part
    }
  }
  const unfinished = `${out}.${randomUUID()}.unfinished`
  try {
    await pipeline(counted(), createWriteStream(unfinished, { flags: 'wx', flush: true }))
    await rename(unfinished, out)
  } catch (cause) {
    await rm(unfinished, { force: true })
    if (cause instanceof ShoalError) throw cause
    throw new ShoalError(
      'car_write',
      `can't write ${out} (${(cause as Error).message}): name a place in a directory that exists and has room`,
      { cause },
    )
  }
  return { path: out, roots: roots.map(String), ...counts }
}

/** What vouches for a shard, as blocks: its producer's record, and the campaign's. */
async function recordsOf({ store, blocks }: { store: Store; blocks: Blocks }, cid: CID): Promise<Block[]> {
  const record = await store.shards.get(cid.bytes)
  if (!record) return []
  const { campaign } = decodeManifest(await readWhole(blocks, cid))
  const envelopes = [record, await store.campaigns.get(campaign.bytes)]
  return envelopes.filter((bytes) => bytes !== undefined).map((bytes) => ({ cid: cidOf(bytes), bytes }))
}
