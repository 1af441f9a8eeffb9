/// <reference lib="esnext.float16" />
import { randomUUID } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import type { ExportFormat, ExportResult } from '../components.ts'
import type { Blocks, Store } from '../store/store.ts'
import { EXPORT_ROW_GROUP, FORMATS, type TableFormat } from './formats.ts'
import { writeTable } from './parquet.ts'
import { type CheckedShard, readShard } from './read.ts'
import { type Row, readFile } from './table.ts'

/**
 * Write a shard's pairs to a file in another format, a row group at a time. The shard is checked as a whole
 * first, as by `readShard`. The file appears under its name only when it is complete; one that is there
 * is replaced.
 *
 * - `parquet`: `pairs.parquet` itself, byte for byte, so that it can be compared with its CID
 * - `jsonl`: its columns, a JSON object a line; the embedding as an array of numbers, times in ISO 8601
 * - `laion5b`, `datacomp`, `img2dataset`: see `formats.ts`
 *
 * @param cid - of the shard's manifest
 * @throws ShoalError as `readShard`; `export_format` for another format; `export_write` where the file can't be written
 */
export async function exportShard(
  parts: { store: Store; blocks: Blocks },
  cid: CID,
  format: ExportFormat,
  out: string,
): Promise<ExportResult> {
  if (format !== 'parquet' && format !== 'jsonl' && !Object.hasOwn(FORMATS, format))
    throw new ShoalError(
      'export_format',
      `${format} is no format: take parquet, jsonl, ${Object.keys(FORMATS).join(', ')}`,
    )
  const shard = await readShard(parts, cid)
  const path = resolve(out)
  const unfinished = `${path}.${randomUUID()}.unfinished`
  try {
    if (format === 'parquet') await writeChunks(unfinished, pairsFile(parts.blocks, shard))
    else if (format === 'jsonl') await writeChunks(unfinished, jsonLines(shard))
    else await writeColumns(unfinished, shard, format)
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    if (error instanceof ShoalError) throw error
    throw new ShoalError(
      'export_write',
      `can't write ${path}: ${(error as Error).message}: name a file in a directory that exists and has room`,
      { cause: error },
    )
  }
  return { format, path, rows: shard.pairs.rows, bytes: (await stat(path)).size }
}

function pairsFile(blocks: Blocks, { manifest }: CheckedShard): AsyncIterable<Uint8Array> {
  const file = manifest.files.find(({ name }) => name === 'pairs.parquet')
  return readFile(blocks, file as (typeof manifest.files)[number])
}

async function* jsonLines({ pairs }: CheckedShard): AsyncGenerator<string> {
  for await (const rows of pairs.groups()) for (const row of rows) yield `${JSON.stringify(toJson(row))}\n`
}

function toJson({ embedding, warc_offset, warc_length, ...row }: Row): object {
  return {
    ...row,
    warc_offset: Number(warc_offset),
    warc_length: Number(warc_length),
    // five digits tell every float16 from its neighbours
    embedding: Array.from(halves(embedding as Uint8Array), (value) => Number(value.toPrecision(5))),
  }
}

function halves(bytes: Uint8Array): Float16Array {
  return new Float16Array(bytes.slice().buffer)
}

async function writeColumns(path: string, shard: CheckedShard, format: TableFormat): Promise<void> {
  const { from, columns: columnsFor } = FORMATS[format]
  const columns = columnsFor(shard.campaign?.pipeline.model.repo ?? null)
  const table = writeTable(path, columns, EXPORT_ROW_GROUP)
  for await (const rows of shard.pairs.groups(from))
    table.append(columns.map((column) => rows.map((row) => column.cell(row))))
  table.finish()
}

/** Characters of text that are gathered before they are written. */
const CHUNK_CHARS = 1 << 20

async function writeChunks(path: string, source: AsyncIterable<Uint8Array | string>): Promise<void> {
  const file = await open(path, 'wx')
  try {
    let text = ''
    for await (const part of source) {
      if (typeof part !== 'string') await file.writeFile(part)
      else if ((text += part).length > CHUNK_CHARS) {
        await file.writeFile(text)
        text = ''
      }
    }
    await file.writeFile(text)
  } finally {
    await file.close()
  }
}
