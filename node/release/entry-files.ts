import { appendFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ENTRY_BYTES, KEY_BYTES } from './limits.ts'

/** Rows whose entries are looked at together: 24 MB of them, and 8 MB to look them up by. */
const ROWS_TOGETHER = 1_000_000
/** Files that may be open to be appended to; beyond 4 billion rows each is larger. */
const MAX_FILES = 4_096
/** Bytes gathered for a file before they are written. */
const CHUNK_BYTES = 1024 * ENTRY_BYTES

/** Names of rows on the disk, divided by their keys so that equal ones come into one file. */
export interface EntryFiles {
  /** @param keys - KEY_BYTES a row. @param first - place of the first row. @param without - rows with another number than 0 are left out */
  add(keys: Uint8Array, first: number, without: Uint8Array): Promise<void>
  /** Write what is left. @returns the files */
  finish(): Promise<string[]>
}

/** @param rows - how many there will be at most */
export async function startEntryFiles(dir: string, rows: number): Promise<EntryFiles> {
  await mkdir(dir, { recursive: true })
  const count = Math.min(MAX_FILES, Math.max(1, Math.ceil(rows / ROWS_TOGETHER)))
  const files = Array.from({ length: count }, (_, i) => ({
    path: join(dir, `entries-${i}`),
    chunk: new DataView(new ArrayBuffer(CHUNK_BYTES)),
    used: 0,
    written: false,
    busy: Promise.resolve(),
  }))

  function flush(file: (typeof files)[number]): Promise<void> {
    const bytes = new Uint8Array(file.chunk.buffer.slice(0, file.used))
    file.used = 0
    file.written = true
    file.busy = file.busy.then(() => appendFile(file.path, bytes))
    return file.busy
  }

  return {
    async add(keys, first, without) {
      const view = new DataView(keys.buffer, keys.byteOffset, keys.byteLength)
      const flushed: Promise<void>[] = []
      for (const [i, left] of without.entries()) {
        if (left !== 0) continue
        // in the order of the machine's own bytes, as they are read again
        const file = files[view.getUint32(i * KEY_BYTES, true) % count]!
        const at = file.used
        for (let word = 0; word < KEY_BYTES; word += 4)
          file.chunk.setUint32(at + word, view.getUint32(i * KEY_BYTES + word, true), true)
        file.chunk.setUint32(at + KEY_BYTES, (first + i) % 2 ** 32, true)
        file.chunk.setUint32(at + KEY_BYTES + 4, Math.floor((first + i) / 2 ** 32), true)
        file.used += ENTRY_BYTES
        if (file.used === CHUNK_BYTES) flushed.push(flush(file))
      }
      await Promise.all(flushed)
    },
    async finish() {
      await Promise.all(files.map((file) => (file.used > 0 ? flush(file) : file.busy)))
      return files.filter(({ written }) => written).map(({ path }) => path)
    },
  }
}
