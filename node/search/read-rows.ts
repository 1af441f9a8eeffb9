import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { decodeManifest, type Manifest } from '../../protocol/records/manifest.ts'
import type { ReleaseEntry } from '../../protocol/records/release.ts'
import { decodeShard, type Shard } from '../../protocol/records/shard.ts'
import { nameOfPeer, verifySignature } from '../identity.ts'
import { openTable, PAIR_COLUMNS, type Row, readBlock, readRecord, type ShardTable } from '../shard/shard.ts'
import type { Blocks, Store } from '../store/store.ts'

/** A shard as far as it is needed to read rows of it. */
export interface OpenShard {
  /** of its manifest */
  cid: CID
  manifest: Manifest
  record: Shard
  recordId: CID
  producer: string
  /** where its rows are read: its own `pairs.parquet`, or what a release left of it */
  file: Manifest['files'][number]
  /** of a shard that is here only as far as a release has it */
  entry: ReleaseEntry | null
  pairs(): Promise<ShardTable>
  /** @returns null where the shard has no such row */
  row(number: number): Promise<Row | null>
}

/** Shards that are kept open, each with a footer, and row groups: some megabytes each. */
const MAX_OPEN = 64
const MAX_GROUPS = 8
const COLUMNS = PAIR_COLUMNS.map(({ name }) => name).filter((name) => name !== 'embedding')

/**
 * Rows by their places, each from blocks that are checked, of shards whose signature is.
 *
 * @param released - shards that are here only as far as a release has them, by the CID of the release's file. They are
 *   opened by that; others by their manifests'
 * @throws ShoalError, from what it returns: `shard_unknown`, `block_missing`, `block_corrupt`, as `openTable`
 */
export function readRows(
  { store, blocks }: { store: Store; blocks: Blocks },
  released: () => ReadonlyMap<string, ReleaseEntry>,
) {
  const shards = new LRUCache<string, OpenShard>({ max: MAX_OPEN })
  const groups = new LRUCache<string, Row[]>({ max: MAX_GROUPS })

  async function findRecord(cid: CID, entry: ReleaseEntry | null) {
    if (entry === null) return readRecord(store, cid)
    const opened = await open(await readBlock(blocks, entry.record), verifySignature)
    return { record: decodeShard(opened), recordId: opened.id }
  }

  return async (place: CID): Promise<OpenShard> => {
    const name = place.toString()
    const entry = released().get(name) ?? null
    const cid = entry?.manifest ?? place
    const { record, recordId } = await findRecord(cid, entry)
    const known = shards.get(name)
    if (known?.recordId.equals(recordId)) return known
    const manifest = decodeManifest(await readBlock(blocks, cid))
    const own = manifest.files.find((one) => one.name === 'pairs.parquet')!
    const file = entry ? { ...own, cid: entry.pairs, bytes: entry.bytes, rows: entry.rows } : own
    let table: Promise<ShardTable> | null = null
    const pairs = () => (table ??= openTable(blocks, file))
    const shard: OpenShard = {
      ...{ cid, manifest, record, recordId, producer: nameOfPeer(record.peer) },
      ...{ file, entry, pairs },
      async row(number) {
        const { starts, rows, readGroup } = await pairs()
        if (number >= rows) return null
        const group = starts.findLastIndex((start) => start <= number)
        const read = groups.get(`${name} ${group}`) ?? (await readGroup(group, COLUMNS))
        groups.set(`${name} ${group}`, read)
        return read[number - starts[group]!] ?? null
      },
    }
    shards.set(name, shard)
    return shard
  }
}
