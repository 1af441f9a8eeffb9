import { zstdDecompressSync } from 'node:zlib'
import { parquetMetadata, parquetReadObjects, type RowGroup, type SchemaElement } from 'hyparquet'
import { checkPages } from './check-pages.ts'
import { type Cell, parquetSchema } from './parquet.ts'
import { COLUMNS, MAX_SIGNALS, ROW_GROUPS, type ShardFile } from './schema.ts'

/** A row as it was read, by the columns' names; int64 columns come as bigint, timestamps as Date. */
export type Row = Record<string, Cell | Date>

/** Where a row group lies: rows of the table, bytes of the file. */
export interface Group {
  rowStart: number
  rowEnd: number
  columns: { name: string; start: number; end: number }[]
}

/** A file's footer, by which its rows are read. */
export interface TableFile {
  name: ShardFile
  fileBytes: number
  footer: Uint8Array
}

/** The bytes of a row group, of `columns` alone where they are given. */
export interface GroupBytes {
  group: Group
  /** of the file, where `bytes` begin */
  start: number
  bytes: Uint8Array
  columns?: string[] | undefined
}

/** Bytes that a row group may have: 4,096 of the longest pairs, twice over. */
const MAX_GROUP_BYTES = 128 * 1024 * 1024
/** Bytes that one page may unpack to: ours have a megabyte, dictionaries some more. */
const MAX_PAGE_BYTES = 128 * 1024 * 1024
/** Bytes that all pages of a row group may unpack to: some kilobytes could become any number. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024
/**
 * Characters and bytes that the cells of a row group may have. In a dictionary a long text is there once, for all rows:
 * it would be as often in what is made of them, and in what goes from thread to thread, which no limit of a thread bounds.
 */
const MAX_CELLS_BYTES = 128 * 1024 * 1024

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
/** The library's own takes U+FEFF from the beginning of a text, which would be another text with another uid. */
const parsers = { stringFromBytes: (bytes?: Uint8Array) => bytes && utf8.decode(bytes) }

/**
 * Read a table whose blocks were checked, but whose maker is a stranger: call it in a thread that can be ended.
 *
 * @throws Error where the file is broken
 */
export function decodeTable(file: TableFile) {
  const metadata = parquetMetadata(file.footer)
  return {
    /** Its row groups, or null where the columns are not this version's. */
    groups(): Group[] | null {
      if (!sameSchema(metadata.schema, parquetSchema(COLUMNS[file.name]))) return null
      let rowEnd = 0
      return metadata.row_groups.map((one) => {
        const rowStart = rowEnd
        rowEnd += Number(one.num_rows)
        return { rowStart, rowEnd, columns: columnsOf(file, one) }
      })
    },
    async rows({ group, start, bytes, columns }: GroupBytes): Promise<Row[]> {
      const { rowStart, rowEnd } = group
      for (const { name, start: from, end } of group.columns)
        if (columns?.includes(name) ?? true)
          checkPages(
            bytes.subarray(from - start, end - start),
            mostValues(file.name, name, rowEnd - rowStart),
          )
      let left = MAX_UNPACKED_BYTES
      const ZSTD = (input: Uint8Array, length: number) => {
        const page = unpack(input, Math.min(length, left))
        left -= page.length
        return page
      }
      const slices = {
        byteLength: file.fileBytes,
        slice: (from: number, to = file.fileBytes) => bytes.slice(from - start, to - start).buffer,
      }
      const options = {
        file: slices,
        metadata,
        rowStart,
        rowEnd,
        utf8: false,
        parsers,
        compressors: { ZSTD, SNAPPY: refuse },
      }
      const rows = await parquetReadObjects(columns ? { ...options, columns } : options)
      if (rows.some((row) => Object.values(row).includes(undefined)))
        throw new Error('a column ends too early')
      if (rows.reduce((sum, row) => sum + bytesOf(Object.values(row)), 0) > MAX_CELLS_BYTES)
        throw new Error('it has longer rows than Shoal writes')
      return rows
    },
  }
}

function columnsOf({ name, fileBytes }: TableFile, { columns, num_rows }: RowGroup): Group['columns'] {
  const known = COLUMNS[name]
  const found: Group['columns'] = []
  for (const [i, { meta_data: chunk }] of columns.entries()) {
    const { name: column, type } = known[i] ?? {}
    const from = Number(chunk?.dictionary_page_offset || chunk?.data_page_offset)
    const size = Number(chunk?.total_compressed_size)
    const path = type === 'strings' ? `${column}.list.element` : column
    const most = num_rows * BigInt(type === 'strings' ? MAX_SIGNALS : 1)
    if (
      !chunk ||
      chunk.path_in_schema.join('.') !== path ||
      chunk.num_values > most ||
      !(from >= 0 && size >= 0)
    )
      throw new Error('it has columns that Shoal does not write')
    found.push({ name: column as string, start: from, end: from + size })
  }
  const start = Math.min(...found.map((one) => one.start))
  const end = Math.max(...found.map((one) => one.end))
  if (columns.length !== known.length || end > fileBytes || end - start > MAX_GROUP_BYTES)
    throw new Error('it has a row group beyond its end, or a larger one than Shoal writes')
  if (num_rows < 1n || num_rows > ROW_GROUPS[name]) throw new Error(`it has a row group of ${num_rows} rows`)
  return found
}

function mostValues(file: ShardFile, column: string, rows: number): number {
  const isList = COLUMNS[file].some(({ name, type }) => name === column && type === 'strings')
  return rows * (isList ? MAX_SIGNALS : 1)
}

function unpack(input: Uint8Array, length: number): Uint8Array {
  // a page of nulls unpacks to nothing, but zlib wants a limit of 1 at least
  return zstdDecompressSync(input, { maxOutputLength: Math.max(1, Math.min(length, MAX_PAGE_BYTES)) })
}

/** The library's own, which believes the length that it is told. */
function refuse(): never {
  throw new Error('it is compressed by something that Shoal does not use')
}

function bytesOf(cells: readonly unknown[]): number {
  let bytes = 0
  for (const cell of cells)
    if (Array.isArray(cell)) bytes += bytesOf(cell)
    else if (typeof cell === 'string' || cell instanceof Uint8Array) bytes += cell.length
  return bytes
}

function sameSchema(found: SchemaElement[], wanted: SchemaElement[]): boolean {
  const essence = (elements: SchemaElement[]) =>
    JSON.stringify(
      elements
        .slice(1)
        .map((one) => [one.name, one.type, one.repetition_type, one.num_children, one.converted_type]),
    )
  return essence(found) === essence(wanted)
}
