import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Milliseconds that a measurement stands: with a million blocks it takes some seconds. */
const STANDS_MS = 60_000

export interface Disk {
  /** whether less is used than the volunteer gives */
  hasRoom(): Promise<boolean>
  /** as it was last measured */
  isFull(): boolean
}

/**
 * Watch how much a data directory takes.
 *
 * @param maxBytes - null: as much as there is
 * @param now - milliseconds, of a clock that nobody sets
 */
export function watchDisk(
  dir: string,
  maxBytes: number | null,
  now: () => number = () => performance.now(),
): Disk {
  let usedBytes = 0
  let measuredAt = Number.NEGATIVE_INFINITY
  return {
    async hasRoom() {
      if (maxBytes === null) return true
      if (now() - measuredAt > STANDS_MS) {
        usedBytes = await measureBytes(dir)
        measuredAt = now()
      }
      return usedBytes < maxBytes
    },
    isFull: () => maxBytes !== null && usedBytes >= maxBytes,
  }
}

/** Bytes of the files below a directory. What goes away meanwhile counts nothing. */
async function measureBytes(dir: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) bytes += await measureBytes(path)
    else if (entry.isFile()) bytes += (await stat(path).catch(() => null))?.size ?? 0
  }
  return bytes
}
