import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { unixfs } from '@helia/unixfs'
import { fileWriter, ParquetWriter } from 'hyparquet-writer'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkPages } from '../../../node/shard/check-pages.ts'
import { parquetSchema } from '../../../node/shard/parquet.ts'
import { openTable, PAIR_COLUMNS } from '../../../node/shard/shard.ts'
import { openBlocks } from '../../../node/store/store.ts'
import { withDirectory } from './sample.ts'

const bombs = suite('tables that are small until they are read')

/** Reads a table of pairs whose cells are all empty but those of one column. */
async function read(
  rows: number,
  column: string,
  cell: string | Uint8Array,
  codec: 'ZSTD' | 'SNAPPY' = 'ZSTD',
): Promise<string> {
  let result = ''
  await withDirectory(async (dir) => {
    const path = join(dir, 'pairs.parquet')
    const writer = new ParquetWriter({
      ...{ writer: fileWriter(path), schema: parquetSchema(PAIR_COLUMNS), codec },
      compressors: { ZSTD: (input) => zstdCompressSync(input) },
    })
    const empty = { string: '', strings: [], bytes: new Uint8Array(), int64: 0n, timestamp: new Date(0) }
    writer.write({
      rowGroupSize: rows,
      columnData: PAIR_COLUMNS.map(({ name, type }) => ({
        name,
        data: Array.from({ length: rows }, () =>
          name === column ? cell : ((empty as Record<string, unknown>)[type] ?? 0),
        ),
      })),
    })
    writer.finish()
    assert.ok((await stat(path)).size < 200_000)
    const blocks = await openBlocks(join(dir, 'blocks'))
    const bytes = await readFile(path)
    const cid = await unixfs({ blockstore: blocks }).addBytes(bytes)
    const table = await openTable(blocks, {
      ...{ name: 'pairs.parquet', cid: cid as never, bytes: bytes.length, rows },
    })
    result = await table.readGroup(0).then(
      (found) => `${found.length} rows`,
      (error) => `${error.code}: ${error.message}`,
    )
  })
  return result
}

bombs('one long text for all rows', async () => {
  assert.is(await read(4_096, 'text', 'a'.repeat(10_000)), '4096 rows')
  assert.match(await read(4_096, 'text', 'a'.repeat(40_000)), /^shard_parquet: .* longer rows than Shoal/)
})

bombs('pages that unpack to much more than they are', async () => {
  assert.match(await read(3, 'embedding', new Uint8Array(100 * 2 ** 20)), /^shard_parquet: .* is broken/)
})

bombs('a page that promises any number of values', () => {
  // thrift's compact protocol: a data page of version 2, of 2^31 - 1 values and no bytes, DELTA_BINARY_PACKED
  const promised = [0xfe, 0xff, 0xff, 0xff, 0x0f]
  const head = [
    0x15,
    0x06,
    0x15,
    0x00,
    0x15,
    0x00,
    0x5c,
    0x15,
    ...promised,
    0x15,
    0x00,
    0x15,
    0x02,
    0x15,
    0x0a,
  ]
  const page = Uint8Array.from([...head, 0x15, 0x00, 0x15, 0x00, 0x00, 0x00, 0x00, 0x00])
  assert.throws(() => checkPages(page, 4_096), /more values than rows/)
  const negative = Uint8Array.from(page)
  negative[5] = 0x01
  assert.throws(() => checkPages(negative, 2 ** 31), /negative size/)
  checkPages(page.subarray(0, -2), 2 ** 31)
})

bombs('compression that Shoal does not use', async () => {
  assert.match(await read(3, 'text', 'abc', 'SNAPPY'), /^shard_parquet: .* something that Shoal does not use/)
})

bombs.run()
