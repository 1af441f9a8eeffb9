import { zstdCompressSync } from 'node:zlib'
import type { SchemaElement } from 'hyparquet'
import { fileWriter, ParquetWriter } from 'hyparquet-writer'

export type Cell = string | number | bigint | Uint8Array | string[] | number[][] | null
export type CellType =
  | 'string'
  | 'int32'
  | 'int64'
  | 'float'
  | 'double'
  | 'timestamp'
  | 'strings'
  | 'bytes'
  | 'boxes'

/** A column of a table; strings, hashes above all, that seldom repeat are `distinct`: no dictionary is tried. */
export interface Column {
  name: string
  type: CellType
  nullable?: boolean
  distinct?: boolean
}

/** A column, and what a row of the program's own shape has in it. */
export interface ColumnOf<Row> extends Column {
  cell(row: Row): Cell
}

/** The schema that `columns` have in a Parquet file, as the flat list in depth-first order that Thrift wants. */
export function parquetSchema(columns: readonly Column[]): SchemaElement[] {
  return [{ name: 'shoal', num_children: columns.length }, ...columns.flatMap(elementsOf)]
}

function elementsOf({ name, type, nullable }: Column): SchemaElement[] {
  const repetition_type = nullable ? 'OPTIONAL' : 'REQUIRED'
  switch (type) {
    case 'string':
      return [{ name, repetition_type, ...STRING }]
    case 'int32':
      return [{ name, repetition_type, type: 'INT32' }]
    case 'int64':
      return [{ name, repetition_type, type: 'INT64' }]
    case 'float':
      return [{ name, repetition_type, type: 'FLOAT' }]
    case 'double':
      return [{ name, repetition_type, type: 'DOUBLE' }]
    case 'bytes':
      return [{ name, repetition_type, type: 'BYTE_ARRAY' }]
    case 'timestamp':
      return [
        {
          name,
          repetition_type,
          type: 'INT64',
          converted_type: 'TIMESTAMP_MILLIS',
          logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
        },
      ]
    case 'strings':
      return list(name, repetition_type, [{ name: 'element', repetition_type: 'REQUIRED', ...STRING }])
    case 'boxes':
      return list(
        name,
        repetition_type,
        list('element', 'REQUIRED', [{ name: 'element', repetition_type: 'REQUIRED', type: 'DOUBLE' }]),
      )
  }
}

const STRING = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const

function list(
  name: string,
  repetition_type: 'OPTIONAL' | 'REQUIRED',
  element: SchemaElement[],
): SchemaElement[] {
  return [
    { name, repetition_type, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...element,
  ]
}

export interface TableWriter {
  /** Add rows, given as columns of equal length in the order of the table's columns. */
  append(cells: readonly (readonly Cell[])[]): void
  /** Write what is left and the footer. @returns the rows written in all */
  finish(): number
}

/**
 * Write a Parquet file, a row group at a time. The bytes depend on the rows and on `rowGroup` alone, not on
 * how the rows came: no names or versions of programs, no times, and a compressor that is pinned with Node.
 * zstd at its usual level is faster here than the library's own snappy and a third smaller; embeddings do
 * not compress and stay as they are.
 *
 * It blocks the thread while it encodes: call it in a worker.
 *
 * @param rowGroup - rows per row group, which is what lies in memory at once
 */
export function writeTable(
  file: string,
  columns: readonly Column[],
  rowGroup: number,
  codec: 'ZSTD' | 'UNCOMPRESSED' = 'ZSTD',
): TableWriter {
  const writer = new ParquetWriter({
    writer: fileWriter(file),
    schema: parquetSchema(columns),
    codec,
    compressors: { ZSTD: (input) => zstdCompressSync(input) },
    createdBy: 'shoal',
  })
  let waiting: Cell[][] = columns.map(() => [])
  let rows = 0

  function flush(count: number): void {
    const group = waiting.map((cells) => cells.slice(0, count))
    waiting = waiting.map((cells) => cells.slice(count))
    writer.write({
      columnData: columns.map((column, i) => encodeColumn(column, group[i] as Cell[])),
      rowGroupSize: count,
    })
    rows += count
  }

  return {
    append(cells) {
      waiting.forEach((column, i) => {
        for (const cell of cells[i] ?? []) column.push(cell)
      })
      while ((waiting[0]?.length ?? 0) >= rowGroup) flush(rowGroup)
    },
    finish() {
      const left = waiting[0]?.length ?? 0
      if (left > 0) flush(left)
      writer.finish()
      return rows
    },
  }
}

function encodeColumn({ name, type, distinct }: Column, cells: Cell[]) {
  const data = type === 'int64' ? cells.map((cell) => (cell === null ? null : BigInt(cell as number))) : cells
  const bytes = type === 'bytes'
  return {
    name,
    data,
    ...(distinct || bytes ? { encoding: 'PLAIN' as const } : {}),
    ...(bytes ? { codec: 'UNCOMPRESSED' as const, statistics: false } : {}),
  }
}
