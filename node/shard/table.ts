import { zstdDecompressSync } from 'node:zlib'
import { unixfs } from '@helia/unixfs'
import {
  type AsyncBuffer,
  parquetMetadataAsync,
  parquetReadObjects,
  type RowGroup,
  type SchemaElement,
} from 'hyparquet'
import { ShoalError } from '../../protocol/errors.ts'
import type { Manifest } from '../../protocol/records/manifest.ts'
import type { Blocks } from '../store/store.ts'
import { type Cell, parquetSchema } from './parquet.ts'
import { COLUMNS, MAX_SIGNALS, ROW_GROUPS, type ShardFile } from './schema.ts'

/** A row as it was read, by the columns' names; int64 columns come as bigint, timestamps as Date. */
export type Row = Record<string, Cell | Date>

/** Bytes of a Parquet footer: a shard of a million rows has one of a megabyte. */
const MAX_FOOTER_BYTES = 16 * 1024 * 1024
/** Bytes that one page may unpack to: ours have a megabyte, dictionaries some more. */
const MAX_PAGE_BYTES = 128 * 1024 * 1024

export interface ShardTable {
  rows: number
  /** All rows, a row group at a time; `columns` names those wanted, all by default. */
  groups(columns?: string[]): AsyncGenerator<Row[]>
}

/**
 * Open one of a shard's Parquet files in the blockstore. Every block is checked against its CID as it is
 * read. A file from a stranger can hold anything: it is read only where its schema is exactly this
 * version's and no row group is larger than this version writes.
 *
 * @throws ShoalError `shard_parquet` for what is no such file, `shard_rows` where its rows are not those
 *   the manifest counts, `block_missing`, `block_corrupt`
 */
export async function openTable(blocks: Blocks, file: Manifest['files'][number]): Promise<ShardTable> {
  const name = file.name as ShardFile
  const buffer = bufferOf(blocks, file)
  const footer = file.bytes < 12 ? 0 : new DataView(await buffer.slice(file.bytes - 8)).getUint32(0, true)
  if (footer === 0 || footer > MAX_FOOTER_BYTES)
    throw new ShoalError('shard_parquet', `${name} (${file.cid}) is no Parquet file that Shoal writes`)
  const metadata = await reading(file, () => parquetMetadataAsync(buffer))
  if (!sameSchema(metadata.schema, parquetSchema(COLUMNS[name])))
    throw new ShoalError(
      'shard_parquet',
      `${name} (${file.cid}) has other columns than this version of Shoal knows: upgrade Shoal to read it`,
    )
  for (const group of metadata.row_groups) checkGroup(file, group)
  const groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows))
  const rows = groups.reduce((sum, count) => sum + count, 0)
  if (rows !== file.rows || metadata.num_rows !== BigInt(rows))
    throw new ShoalError(
      'shard_rows',
      `${name} (${file.cid}) has ${rows} rows, its manifest counts ${file.rows}`,
    )

  async function* read(columns?: string[]): AsyncGenerator<Row[]> {
    let rowStart = 0
    for (const count of groups) {
      const rowEnd = rowStart + count
      const options = { file: buffer, metadata, rowStart, rowEnd, utf8: false, compressors: { ZSTD: unpack } }
      yield await reading(file, () => parquetReadObjects(columns ? { ...options, columns } : options))
      rowStart = rowEnd
    }
  }
  return { rows, groups: read }
}

/** Whatever a footer could lie about so that reading would take more memory than it should, or go astray. */
function checkGroup(file: Manifest['files'][number], { columns, num_rows }: RowGroup): void {
  const known = COLUMNS[file.name as ShardFile]
  const sound =
    num_rows > 0n &&
    num_rows <= ROW_GROUPS[file.name as ShardFile] &&
    columns.length === known.length &&
    columns.every(({ meta_data: chunk, file_path }, i) => {
      const { name, type } = known[i] as (typeof known)[number]
      const most = type === 'strings' ? num_rows * BigInt(MAX_SIGNALS) : num_rows
      const start = chunk?.dictionary_page_offset ?? chunk?.data_page_offset ?? -1n
      return (
        file_path === undefined &&
        chunk !== undefined &&
        chunk.path_in_schema.join('.') === (type === 'strings' ? `${name}.list.element` : name) &&
        chunk.num_values <= most &&
        start >= 0n &&
        chunk.total_compressed_size >= 0n &&
        start + chunk.total_compressed_size <= BigInt(file.bytes)
      )
    })
  if (!sound)
    throw new ShoalError(
      'shard_parquet',
      `${file.name} (${file.cid}) has row groups that Shoal does not write`,
    )
}

function unpack(input: Uint8Array, length: number): Uint8Array {
  // a page of nulls unpacks to nothing, but zlib wants a limit of 1 at least
  return zstdDecompressSync(input, { maxOutputLength: Math.max(1, Math.min(length, MAX_PAGE_BYTES)) })
}

/** A file's bytes in order. Two blocks are read ahead; the exporter by itself would read all of them. */
export function readFile(
  blocks: Blocks,
  { cid }: Manifest['files'][number],
  range: { offset?: number; length?: number } = {},
): AsyncIterable<Uint8Array> {
  const options = { ...range, blockReadConcurrency: 2 }
  return unixfs({ blockstore: blocks }).cat(cid, options)
}

function bufferOf(blocks: Blocks, file: Manifest['files'][number]): AsyncBuffer {
  return {
    byteLength: file.bytes,
    async slice(start, end = file.bytes) {
      const bytes = new Uint8Array(end - start)
      let at = 0
      for await (const part of readFile(blocks, file, { offset: start, length: end - start })) {
        bytes.set(part, at)
        at += part.length
      }
      if (at !== bytes.length)
        throw new ShoalError('shard_bytes', `${file.name} (${file.cid}) ends before its ${file.bytes} bytes`)
      return bytes.buffer
    },
  }
}

async function reading<T>(file: Manifest['files'][number], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ShoalError) throw error
    throw new ShoalError(
      'shard_parquet',
      `${file.name} (${file.cid}) is broken: ${(error as Error).message}`,
      { cause: error },
    )
  }
}

function sameSchema(found: SchemaElement[], wanted: SchemaElement[]): boolean {
  const essence = (elements: SchemaElement[]) =>
    JSON.stringify(
      elements
        .slice(1)
        .map((element) => [
          element.name,
          element.type,
          element.repetition_type,
          element.num_children,
          element.converted_type,
        ]),
    )
  return essence(found) === essence(wanted)
}
