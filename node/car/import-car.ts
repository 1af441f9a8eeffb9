import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import * as dagPb from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import { CODECS } from '../../protocol/codec.ts'
import { type Opened, open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { decodeCampaign } from '../../protocol/records/campaign.ts'
import { decodeShard } from '../../protocol/records/shard.ts'
import type { Home } from '../home.ts'
import { verifySignature } from '../identity.ts'
import { addPin, holdRoot } from '../pins/pins.ts'
import {
  isAttestation,
  isReleaseRecord,
  judgeAttestation,
  keepAttestation,
  keepRelease,
} from '../release/release.ts'
import { readShard } from '../shard/shard.ts'
import { type Blocks, openBlocks, type Store, type Table } from '../store/store.ts'
import { readCar } from './read-car.ts'
import { type Block, readWhole, walkBlocks, walkRelease } from './walk-blocks.ts'

/** Bytes that are read at once. */
const READ_BYTES = 1024 * 1024

export interface ImportedCar {
  /** CIDs of what is kept now, each a DAG that is whole; records that vouch for a shard are not told */
  roots: { cid: string; kind: 'shard' | 'release' | 'attestation' | 'dag' }[]
  /** blocks of them, and how many of those came anew; blocks in the file that no root needs are not kept */
  blocks: number
  added: number
  bytes: number
}

/**
 * Take the DAGs of a CAR file in. Nothing of it is among this node's blocks before all of it has been checked: it waits in
 * a directory of its own, which the next start removes whatever happens. A shard that comes with its producer's record is
 * listed as if it had been fetched; its campaign's record is kept as well.
 *
 * @throws ShoalError as `readCar`; `car_unreadable`; `car_incomplete` where a block of a root is neither in the file nor
 *   here; whatever `readShard` finds wrong with a shard
 */
export async function importCar(home: Home, file: string): Promise<ImportedCar> {
  const name = basename(file)
  const dir = join(home.workDir, randomUUID())
  try {
    const staged = await openBlocks(dir)
    const car = await readCar(name, readFile(file))
    for await (const { cid, bytes } of car.blocks) await staged.putSoon(cid, bytes)
    return await take(home, name, car.roots, joinBlocks(staged, home.blocks))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function take(home: Home, name: string, roots: readonly CID[], blocks: Blocks): Promise<ImportedCar> {
  const records = await readRecords(blocks, name, roots)
  // a record that vouches for something is no DAG of its own
  const wanted = roots.filter((cid) => !records.has(cid.toString()))
  if (wanted.length === 0)
    throw new ShoalError('car_roots', `${name} holds records alone: export what they vouch for with them`)
  const holds = wanted.map((cid) => holdRoot(home.blocks, cid))
  try {
    // all of it is looked at before the first block is kept
    const found: Found[] = []
    for (const cid of wanted) found.push(await check(home.store, blocks, name, cid, records))
    const counts = await copy(home, blocks, wanted)
    for (const one of found) await one.keep(home, counts)
    return { roots: found.map(({ cid, kind }) => ({ cid: cid.toString(), kind })), ...counts }
  } finally {
    for (const release of holds) release()
  }
}

type Records = Map<string, { opened: Opened; bytes: Uint8Array }>
type Counts = Pick<ImportedCar, 'blocks' | 'added' | 'bytes'>

interface Found {
  cid: CID
  kind: ImportedCar['roots'][number]['kind']
  /** List it, when all its blocks are here. */
  keep(home: Home, counts: Counts): Promise<unknown>
}

/** The signed records of shards and campaigns among the roots, by CID. */
async function readRecords(blocks: Blocks, name: string, roots: readonly CID[]): Promise<Records> {
  const records: Records = new Map()
  for (const cid of roots) {
    if (cid.code !== CODECS['dag-cbor']) continue
    const bytes = await explain(name, () => readWhole(blocks, cid))
    const opened = await open(bytes, verifySignature).catch(() => null)
    if (opened?.kind === 'shard' || opened?.kind === 'campaign')
      records.set(cid.toString(), { opened, bytes })
  }
  return records
}

/** @throws ShoalError `car_incomplete`; whatever is wrong with a shard or a release */
async function check(store: Store, blocks: Blocks, name: string, cid: CID, records: Records): Promise<Found> {
  await explain(name, async () => {
    for await (const block of walkRoot(blocks, cid)) demandCodec(name, block)
  })
  for (const { opened, bytes } of records.values()) {
    if (opened.kind !== 'shard' || !decodeShard(opened).manifest.equals(cid)) continue
    const { campaign: id } = decodeShard(opened)
    const campaign = records.get(id.toString())
    if (campaign) decodeCampaign(campaign.opened)
    const envelopes = { shards: bytes, campaigns: (await store.campaigns.get(id.bytes)) ?? campaign?.bytes }
    await readShard({ store: overlay(store, envelopes), blocks }, cid)
    return {
      ...{ cid, kind: 'shard' },
      async keep(home) {
        await addPin(home, cid, 'fetched')
        if (!(await home.store.shards.get(cid.bytes))) await home.store.shards.put(cid.bytes, bytes)
        if (campaign) await home.store.campaigns.put(id.bytes, campaign.bytes)
      },
    }
  }
  const bytes = await readWhole(blocks, cid)
  if (cid.code === CODECS['dag-cbor'] && isAttestation(bytes)) {
    await judgeAttestation(store, bytes)
    return { cid, kind: 'attestation', keep: (home) => keepAttestation(home, bytes, Date.now()) }
  }
  if (cid.code !== CODECS['dag-cbor'] || !isReleaseRecord(bytes))
    return { cid, kind: 'dag', keep: (home) => addPin(home, cid, 'fetched') }
  return {
    ...{ cid, kind: 'release' },
    async keep(home, counts) {
      await keepRelease(home, { id: cid, envelope: bytes }, { bytes: counts.bytes, now: Date.now() })
    },
  }
}

/**
 * Whether a DAG is whole can be told only where every block is what its CID says.
 *
 * @throws ShoalError `car_codec`, `car_mislabelled`
 */
function demandCodec(name: string, { cid, bytes }: Block): void {
  const decode = DECODERS[cid.code]
  if (decode === undefined)
    throw new ShoalError(
      'car_codec',
      `${name} has block ${cid} of codec 0x${cid.code.toString(16)}, whose links nobody here can read: only raw, dag-cbor and dag-pb are kept`,
    )
  try {
    decode(bytes)
  } catch (cause) {
    throw new ShoalError(
      'car_mislabelled',
      `${name} has block ${cid}, whose bytes are not of its codec: do not use it`,
      {
        cause,
      },
    )
  }
}

const DECODERS: Readonly<Record<number, (bytes: Uint8Array) => unknown>> = {
  [CODECS.raw]: (bytes) => bytes,
  [CODECS['dag-cbor']]: dagCbor.decode,
  [CODECS['dag-pb']]: dagPb.decode,
}

/** @throws ShoalError `block_missing`, `block_corrupt`; as `readRelease` */
async function* walkRoot(blocks: Blocks, cid: CID): AsyncGenerator<Block> {
  const isRelease = cid.code === CODECS['dag-cbor'] && isReleaseRecord(await readWhole(blocks, cid))
  yield* isRelease ? walkRelease(blocks, cid) : walkBlocks(blocks, [cid])
}

/** Put what is not here yet. What was put before a failure waits for no grace: the next sweep takes it. */
async function copy(home: Home, from: Blocks, roots: readonly CID[]): Promise<Counts> {
  const counts = { blocks: 0, added: 0, bytes: 0 }
  const added: CID[] = []
  try {
    for (const root of roots)
      for await (const { cid, bytes } of walkRoot(from, root)) {
        counts.blocks++
        counts.bytes += bytes.length
        if (await home.blocks.has(cid)) continue
        added.push(cid)
        await home.blocks.putSoon(cid, bytes)
      }
    await home.blocks.sync()
    return { ...counts, added: added.length }
  } catch (error) {
    for (const cid of added) await home.blocks.ripen(cid, Number.POSITIVE_INFINITY)
    throw error
  }
}

/** The store as it would be with the records of one shard. */
function overlay(store: Store, envelopes: Record<'shards' | 'campaigns', Uint8Array | undefined>): Store {
  const of = (envelope: Uint8Array | undefined) => ({ get: async () => envelope }) as unknown as Table
  return { ...store, shards: of(envelopes.shards), campaigns: of(envelopes.campaigns) }
}

/** Blocks of `first`, and where it lacks one, of `then`. */
function joinBlocks(first: Blocks, then: Blocks): Blocks {
  return new Proxy(first, {
    get(target, key) {
      if (key !== 'get') return Reflect.get(target, key, target)
      return async function* (cid: CID) {
        yield* ((await target.has(cid)) ? target : then).get(cid)
      }
    },
  })
}

async function explain<T>(name: string, read: () => Promise<T>): Promise<T> {
  return await read().catch((cause) => {
    if ((cause as ShoalError).code !== 'block_missing') throw cause
    throw new ShoalError(
      'car_incomplete',
      `${name} lacks a part of what it names as its root (${cause.message.split(' is not in')[0]}): it was cut off, or made otherwise; get it again`,
      { cause },
    )
  })
}

async function* readFile(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: READ_BYTES })
  } catch (cause) {
    throw new ShoalError(
      'car_unreadable',
      `${file} can't be read (${(cause as Error).message}): check the path`,
      {
        cause,
      },
    )
  }
}
