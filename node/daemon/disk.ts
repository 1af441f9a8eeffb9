import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Milliseconds that a measurement stands: with a million blocks it takes some seconds. */
const STANDS_MS = 60_000

export interface Disk {
  /** whether less is used than the volunteer gives */
  hasRoom(): Promise<boolean>
  /** @returns bytes that are left of what the volunteer gives; below 0 where more is used, Infinity without a limit */
  room(): Promise<number>
  /** as it was last measured */
  isFull(): boolean
  /** Something was deleted: what is measured next is measured anew. */
  forget(): void
  /** bytes that the volunteer gives, or null */
  maxBytes(): number | null
  /** The volunteer gives more or less from now on. */
  limit(maxBytes: number | null): void
}

/**
 * Watch how much a data directory takes.
 *
 * @param first - bytes that it may take; null: as much as there is
 * @param now - milliseconds, of a clock that nobody sets
 */
export function watchDisk(
  dir: string,
  first: number | null,
  now: () => number = () => performance.now(),
): Disk {
  let maxBytes = first
  let usedBytes = 0
  let measuredAt = Number.NEGATIVE_INFINITY
  async function room(): Promise<number> {
    if (maxBytes === null) return Number.POSITIVE_INFINITY
    if (now() - measuredAt > STANDS_MS) {
      usedBytes = await measureBytes(dir)
      measuredAt = now()
    }
    return maxBytes - usedBytes
  }
  function forget(): void {
    measuredAt = Number.NEGATIVE_INFINITY
  }
  return {
    room,
    hasRoom: async () => (await room()) > 0,
    isFull: () => maxBytes !== null && usedBytes >= maxBytes,
    forget,
    maxBytes: () => maxBytes,
    limit(next) {
      maxBytes = next
      forget()
    },
  }
}

/** Unit of `Stats.blocks`, whatever the file system's own is. */
const STAT_BLOCK_BYTES = 512

/** Bytes that the files below a directory take on the disk. What goes away meanwhile counts nothing. */
async function measureBytes(dir: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) bytes += await measureBytes(path)
    else if (entry.isFile()) {
      const { size, blocks } = (await stat(path).catch(() => null)) ?? { size: 0, blocks: 0 }
      // of small files a disk holds more than is in them; where it holds less, it may come to hold all
      bytes += Math.max(size, blocks * STAT_BLOCK_BYTES)
    }
  }
  return bytes
}
