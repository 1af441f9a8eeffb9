import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { type FileMetaData, parquetMetadata, parquetReadObjects } from 'hyparquet'
import { fileWriter, ParquetWriter } from 'hyparquet-writer'
import type { ExportFormat } from '../../node/components.ts'
import { exportPairs } from '../../node/export/export.ts'
import { HIDES_NOTHING } from '../../test/node/denied/hides-nothing.ts'
import { median } from './extract.ts'
import { type GeneratedShard, generateShard } from './generate-shard.ts'

const ROWS = 100_000
const DIMENSIONS = 512
const ROUNDS = 3
/** What LAION-5B's layout is made from, and what it becomes. */
const COLUMNS = ['uid', 'url', 'text', 'height', 'width', 'license', 'language', 'similarity'] as const

/**
 * Exporting a shard, every block of it checked and the rows read, filtered and written, against hyparquet that reads and
 * writes the same columns from memory with no check at all.
 */
export async function benchExport() {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-'))
  try {
    const shard = await generateShard(dir, ROWS, DIMENSIONS)
    const file = await readFile(join(shard.filesDir, 'pairs.parquet'))
    const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer
    const rounds: Record<'bare' | 'laion5b' | 'jsonl' | 'csv' | 'parquet', number>[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const bare = await seconds(() => copyBare(bytes, join(dir, `bare-${round}`)))
      const times = { bare, laion5b: 0, jsonl: 0, csv: 0, parquet: 0 }
      for (const format of ['laion5b', 'jsonl', 'csv', 'parquet'] as const)
        times[format] = await seconds(() => exportThere(shard, format, join(dir, `${format}-${round}`)))
      rounds.push(times)
    }
    await shard.close()
    const rate = (format: 'laion5b' | 'jsonl' | 'csv' | 'parquet') =>
      ROWS / median(rounds.map((times) => times[format]))
    return {
      rowsPerSecond: rate('laion5b'),
      ofLimit: median(rounds.map(({ bare, laion5b }) => bare / laion5b)),
      ...{ jsonlPerSecond: rate('jsonl'), csvPerSecond: rate('csv'), parquetPerSecond: rate('parquet') },
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return (performance.now() - from) / 1000
}

function exportThere(shard: GeneratedShard, format: ExportFormat, out: string) {
  return exportPairs(shard, {
    ...{ cids: [shard.manifest], format, out, isFile: true, rowsPerFile: null, signers: [], now: Date.now() },
    // all pass: what is measured is the whole way
    filters: { minSimilarity: 0 },
    judge: async () => null,
    hiding: HIDES_NOTHING,
    demandFresh: async () => {},
    signal: new AbortController().signal,
    onProgress() {},
  })
}

async function copyBare(bytes: ArrayBuffer, out: string): Promise<void> {
  const metadata: FileMetaData = parquetMetadata(bytes)
  const compressors = { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) }
  const writer = new ParquetWriter({
    ...{ writer: fileWriter(out), codec: 'ZSTD', compressors: { ZSTD: (input) => zstdCompressSync(input) } },
    schema: [
      { name: 'root', num_children: COLUMNS.length },
      ...COLUMNS.map((name) => metadata.schema.find((one) => one.name === name)!),
    ],
  })
  let rowStart = 0
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows)
    const rows = await parquetReadObjects({
      ...{ file: bytes, metadata, rowStart, rowEnd, compressors, columns: [...COLUMNS] },
    })
    writer.write({
      columnData: COLUMNS.map((name) => ({ name, data: rows.map((row) => row[name]) })),
      rowGroupSize: rows.length,
    })
    rowStart = rowEnd
  }
  writer.finish()
}
