import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { workerData } from 'piscina'
import { type Cell, type TableWriter, writeTable } from './parquet.ts'
import { COLUMNS, ROW_GROUPS, type ShardFile } from './schema.ts'

/**
 * Rows of one file, as columns; `embeddings` holds those of all rows one behind the other and takes the
 * place of the last column. Without columns: finish the file.
 */
export interface ShardTask {
  file: ShardFile
  columns?: Cell[][]
  embeddings?: Uint8Array
}

const { dir } = workerData as { dir: string }
const tables = new Map<ShardFile, TableWriter>()

/** @returns what the file has in the end, once it is finished */
export default async function write(task: ShardTask): Promise<{ rows: number; bytes: number } | null> {
  const path = join(dir, task.file)
  const table = tables.get(task.file) ?? writeTable(path, COLUMNS[task.file], ROW_GROUPS[task.file])
  tables.set(task.file, table)
  if (task.columns) {
    table.append(
      task.embeddings
        ? [...task.columns, split(task.embeddings, task.columns[0]?.length ?? 0)]
        : task.columns,
    )
    return null
  }
  const rows = table.finish()
  return { rows, bytes: (await stat(path)).size }
}

function split(packed: Uint8Array, rows: number): Uint8Array[] {
  const width = packed.length / rows
  return Array.from({ length: rows }, (_, row) => packed.subarray(row * width, (row + 1) * width))
}
