import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { zstdCompressSync } from 'node:zlib'
import { unixfs } from '@helia/unixfs'
import * as dagPb from '@ipld/dag-pb'
import { fileWriter, ParquetWriter } from 'hyparquet-writer'
import { UnixFS } from 'ipfs-unixfs'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readEntries } from '../../../node/campaigns/entries.ts'
import { blocksOf } from '../../../node/release/held.ts'
import { checkPages } from '../../../node/shard/check-pages.ts'
import { parquetSchema } from '../../../node/shard/parquet.ts'
import { openTable, PAIR_COLUMNS, readExactly } from '../../../node/shard/shard.ts'
import { openBlocks } from '../../../node/store/store.ts'
import { cidOf } from '../../../protocol/codec.ts'
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

bombs('a small tree that is a file of any length', () =>
  withDirectory(async (dir) => {
    const blocks = await openBlocks(dir)
    const leaf = new Uint8Array(1000)
    let [top, size] = [await blocks.put(cidOf(leaf, 'raw'), leaf), 1000n]
    for (let level = 0; level < 20; level++, size *= 2n) {
      const bytes = dagPb.encode(
        dagPb.prepare({
          Data: new UnixFS({ type: 'file', blockSizes: [size, size] }).marshal(),
          Links: [top, top].map((Hash) => ({ Name: '', Hash, Tsize: 1 })),
        }),
      )
      top = await blocks.put(CID.createV1(dagPb.code, await sha256.digest(bytes)), bytes)
    }
    let read = 0
    const all = async (bytes: number) => {
      read = 0
      for await (const part of readExactly(blocks, { name: 'pairs', cid: top, bytes })) read += part.length
    }
    for (const bytes of [0, 5_500]) {
      const code = await all(bytes).then(String, (error) => error.code)
      assert.is(code, 'shard_bytes')
      assert.ok(read <= bytes)
    }
    const held: boolean[] = []
    for await (const { isHere } of blocksOf(blocks, top)) held.push(isHere)
    assert.equal(held, [true, true, true, true, true, false])
  }),
)

bombs('a tree that lies, or lacks blocks deep down, breaks its reading and nothing else', () =>
  withDirectory(async (dir) => {
    const blocks = await openBlocks(dir)
    const put = async (links: CID[], size: bigint) => {
      const Data = new UnixFS({ type: 'file', blockSizes: links.map(() => size) }).marshal()
      const node = dagPb.prepare({ Data, Links: links.map((Hash) => ({ Hash, Name: '', Tsize: 1 })) })
      const bytes = dagPb.encode(node)
      return blocks.put(CID.createV1(dagPb.code, await sha256.digest(bytes)), bytes)
    }
    const leaf = await blocks.put(cidOf(new Uint8Array(9), 'raw'), new Uint8Array(9))
    const gone = [1, 2, 3].map((one) => cidOf(Uint8Array.of(one), 'raw'))
    const failures: unknown[] = []
    const note = (error: unknown) => failures.push(error)
    process.on('unhandledRejection', note)
    const codes: string[] = []
    for (const [top, bytes] of [
      [await put([await put(gone, 9n), await put(gone.slice(1), 9n)], 27n), 54],
      [await put([leaf, await put(gone, 9n)], 9n), 18],
      [await put([leaf, leaf], 10n), 20],
    ] as const) {
      await Array.fromAsync(readExactly(blocks, { name: 'pairs', cid: top, bytes })).catch((error) =>
        codes.push(error.code),
      )
      // a campaign's list is a stranger's as well
      await readEntries(blocks, top).catch((error) => codes.push(error.code))
    }
    await setTimeout(100)
    process.off('unhandledRejection', note)
    assert.equal(
      codes,
      ['block_missing', 'shard_bytes', 'shard_bytes'].flatMap((code) => [code, code]),
    )
    assert.equal(failures, [])
  }),
)

bombs.run()
