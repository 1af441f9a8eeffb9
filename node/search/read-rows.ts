import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { decodeManifest, type Manifest } from '../../protocol/records/manifest.ts'
import type { Shard } from '../../protocol/records/shard.ts'
import { nameOfPeer } from '../identity.ts'
import { openTable, PAIR_COLUMNS, type Row, readBlock, readRecord, type ShardTable } from '../shard/shard.ts'
import type { Blocks, Store } from '../store/store.ts'

/** A shard as far as it is needed to read rows of it. */
export interface OpenShard {
  cid: CID
  manifest: Manifest
  record: Shard
  recordId: CID
  producer: string
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
 * @throws ShoalError, from what it returns: `shard_unknown`, `block_missing`, `block_corrupt`, as `openTable`
 */
export function readRows({ store, blocks }: { store: Store; blocks: Blocks }) {
  const shards = new LRUCache<string, OpenShard>({ max: MAX_OPEN })
  const groups = new LRUCache<string, Row[]>({ max: MAX_GROUPS })

  return async (cid: CID): Promise<OpenShard> => {
    const name = cid.toString()
    const { record, recordId } = await readRecord(store, cid)
    const known = shards.get(name)
    if (known?.recordId.equals(recordId)) return known
    const manifest = decodeManifest(await readBlock(blocks, cid))
    const file = manifest.files.find((one) => one.name === 'pairs.parquet')!
    let table: Promise<ShardTable> | null = null
    const pairs = () => (table ??= openTable(blocks, file))
    const shard: OpenShard = {
      ...{ cid, manifest, record, recordId, producer: nameOfPeer(record.peer), pairs },
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
