import { hash } from 'node:crypto'
import { open, rename } from 'node:fs/promises'
import type { Row } from '../shard/shard.ts'
import { UNFINISHED } from './replace-file.ts'

/**
 * Copies of one shard's rows, as far as they are shown: a row of Parquet costs as much as the thousands around it. The
 * file has the rows as JSON, each behind a sum over its number and itself, and then where each begins and the last
 * ends, as 64 bits, little-endian.
 */
const SUM_BYTES = 8
const GATHERED_BYTES = 1024 * 1024
/** Bytes of a row: addresses and texts have 2,000 characters or so, signals 64 times 512. */
const MAX_ROW_BYTES = 1024 * 1024

/** Columns of `pairs.parquet` that are copied. */
export const COPIED_COLUMNS = [
  ...['uid', 'url', 'text', 'similarity', 'language', 'license'],
  ...['hash', 'page_url', 'sha256', 'md5', 'pdq', 'fetched_at', 'signals'],
]

/** Writes them to an unfinished file beside `path`, which `finish` puts in its place. */
export async function copyRows(path: string) {
  const file = await open(`${path}${UNFINISHED}`, 'w')
  const starts: bigint[] = [0n]
  let end = 0n
  let gathered: Buffer[] = []
  let bytes = 0

  async function flush(): Promise<void> {
    await file.writeFile(Buffer.concat(gathered))
    gathered = []
    bytes = 0
  }

  return {
    async add(rows: readonly Row[]): Promise<void> {
      for (const row of rows) {
        const text = Buffer.from(JSON.stringify(row, COPIED_COLUMNS))
        gathered.push(sumOf(starts.length - 1, text), text)
        bytes += SUM_BYTES + text.length
        end += BigInt(SUM_BYTES + text.length)
        starts.push(end)
        if (bytes > GATHERED_BYTES) await flush()
      }
    },
    async finish(): Promise<void> {
      await flush()
      await file.writeFile(new Uint8Array(BigUint64Array.from(starts).buffer))
      await file.sync()
      await file.close()
      await rename(`${path}${UNFINISHED}`, path)
    },
    /** Harmless after `finish`. */
    close: () => file.close().catch(() => {}),
  }
}

/**
 * @param count - rows that the shard has
 * @returns a row's copied columns, or null where they are not as they were written
 */
export async function readCopy(path: string, row: number, count: number): Promise<Row | null> {
  const file = await open(path).catch(() => null)
  if (file === null) return null
  try {
    const { size } = await file.stat()
    const places = await readAt(file, size - 8 * (count + 1 - row), 16)
    const [start, end] = [places.readBigUInt64LE(0), places.readBigUInt64LE(8)].map(Number) as [
      number,
      number,
    ]
    if (!(end - start > SUM_BYTES && end - start <= MAX_ROW_BYTES)) return null
    const record = await readAt(file, start, end - start)
    const text = record.subarray(SUM_BYTES)
    return sumOf(row, text).equals(record.subarray(0, SUM_BYTES)) ? JSON.parse(text.toString()) : null
  } catch {
    return null
  } finally {
    await file.close()
  }
}

async function readAt(
  file: Awaited<ReturnType<typeof open>>,
  position: number,
  length: number,
): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
  if (bytesRead !== length) throw new RangeError('the file ends before')
  return buffer
}

function sumOf(row: number, text: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(`${row} `), text]), 'buffer').subarray(0, SUM_BYTES)
}
