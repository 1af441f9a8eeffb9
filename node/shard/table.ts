import type { Piscina } from 'piscina'
import { ShoalError } from '../../protocol/errors.ts'
import type { Manifest } from '../../protocol/records/manifest.ts'
import { type Blocks, readFile } from '../store/store.ts'
import { startThreads } from '../threads.ts'
import type { Group, GroupBytes, Row, TableFile } from './decode-table.ts'
import type { ShardFile } from './schema.ts'
import type { TableTask } from './table-worker.ts'

type File = Manifest['files'][number]

/** Bytes of a Parquet footer: a shard of a million rows has one of a megabyte. */
const MAX_FOOTER_BYTES = 16 * 1024 * 1024
/** Milliseconds for one row group, and MiB of the thread that reads it: a made-up file may ask for any amount. */
const MAX_READ_MS = 10_000
const MAX_READ_MIB = 512

export interface ShardTable {
  rows: number
  /** the first row of each row group */
  starts: readonly number[]
  /** The rows of one group; of the file little more than `columns` is read. */
  readGroup(index: number, columns?: string[]): Promise<Row[]>
  /** What a thread needs that reads rows itself, by `decodeTable`: the file, and the bytes of a group. */
  file: TableFile
  groupBytes(index: number, columns?: string[]): Promise<GroupBytes>
  /** All rows, a row group at a time; `columns` names those wanted, all by default. */
  groups(columns?: string[]): AsyncGenerator<Row[]>
}

/**
 * Open one of a shard's Parquet files in the blockstore. Every block is checked against its CID as it is
 * read. A file from a stranger can hold anything: it is read only where its columns are exactly this
 * version's, and in a thread that can be ended, since the Parquet reader trusts what it reads.
 *
 * @throws ShoalError `shard_parquet` for what is no such file, `shard_rows` where its rows are not those
 *   the manifest counts, `block_missing`, `block_corrupt`
 */
export async function openTable(blocks: Blocks, file: File): Promise<ShardTable> {
  const name = file.name as ShardFile
  const fault = (reason: string) => new ShoalError('shard_parquet', `${name} (${file.cid}) ${reason}`)
  const tail = await readRange(blocks, file, Math.max(0, file.bytes - 8), file.bytes)
  const length = tail.length < 8 ? 0 : new DataView(tail.buffer).getUint32(0, true)
  if (length === 0 || length > Math.min(MAX_FOOTER_BYTES, file.bytes - 8))
    throw fault('is no Parquet file that Shoal writes')
  const footer = await readRange(blocks, file, file.bytes - 8 - length, file.bytes)
  const table: TableFile = { name, footer, fileBytes: file.bytes }
  const groups = (await inThread(file, table)) as Group[] | null
  if (groups === null) throw fault('has other columns than this version of Shoal knows: upgrade Shoal')
  const rows = groups.at(-1)?.rowEnd ?? 0
  if (rows !== file.rows)
    throw new ShoalError(
      'shard_rows',
      `${name} (${file.cid}) has ${rows} rows, its manifest counts ${file.rows}`,
    )
  async function groupBytes(index: number, columns?: string[]): Promise<GroupBytes> {
    const group = groups![index]!
    const start = Math.min(...partsOf(group, columns).map((part) => part.start))
    const end = Math.max(...partsOf(group, columns).map((part) => part.end))
    return { group, start, bytes: await readRange(blocks, file, start, end), columns }
  }
  async function readGroup(index: number, columns?: string[]): Promise<Row[]> {
    return (await inThread(file, { ...table, part: await groupBytes(index, columns) })) as Row[]
  }
  return {
    rows,
    starts: groups.map(({ rowStart }) => rowStart),
    readGroup,
    file: table,
    groupBytes,
    async *groups(columns) {
      for (const index of groups.keys()) yield await readGroup(index, columns)
    },
  }
}

function partsOf({ columns }: Group, wanted: string[] | undefined): Group['columns'] {
  return wanted ? columns.filter(({ name }) => wanted.includes(name)) : columns
}

/**
 * All of a file. A small tree of blocks that name the next one twice is a file of any length: it ends where it gets longer
 * than it is said to be.
 *
 * @throws ShoalError `shard_bytes`, `block_missing`, `block_corrupt`
 */
export async function* readExactly(
  blocks: Blocks,
  { name, cid, bytes }: Pick<File, 'name' | 'cid' | 'bytes'>,
): AsyncGenerator<Uint8Array> {
  let read = 0
  for await (const part of readFile(blocks, { cid }, { length: bytes + 1 })) {
    read += part.length
    if (read <= bytes) yield part
  }
  if (read !== bytes)
    throw new ShoalError(
      'shard_bytes',
      `${name} (${cid}) has ${read > bytes ? 'more' : 'fewer'} than the ${bytes} bytes that it is said to have`,
    )
}

async function readRange(
  blocks: Blocks,
  file: File,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(end - start)
  let at = 0
  for await (const part of readFile(blocks, file, { offset: start, length: end - start })) {
    bytes.set(part, at)
    at += part.length
  }
  if (at !== bytes.length)
    throw new ShoalError('shard_bytes', `${file.name} (${file.cid}) ends before its ${file.bytes} bytes`)
  return bytes
}

/** One thread for the process; it does not keep the process alive, and is replaced when it dies. */
let threads: Piscina | undefined

function startReader(): Piscina {
  const reader = startThreads(new URL('./table-worker', import.meta.url), {
    threads: 1,
    youngMiB: 16,
    oldMiB: MAX_READ_MIB,
  })
  // what breaks in the thread after its task has failed
  reader.on('error', () => {})
  return reader
}

async function inThread(file: File, task: TableTask): Promise<Group[] | Row[] | null> {
  threads ??= startReader()
  try {
    return await threads.run(task, {
      signal: AbortSignal.timeout(MAX_READ_MS),
      transferList: task.part ? [task.part.bytes.buffer as ArrayBuffer] : [],
    })
  } catch (error) {
    const { message } = error as Error
    throw new ShoalError('shard_parquet', `${file.name} (${file.cid}) is broken: ${message}`, {
      cause: error,
    })
  }
}
