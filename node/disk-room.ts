import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Bytes that are free on the disk that a directory is on, or would be; null where nobody tells. */
export async function freeBytesAt(dir: string): Promise<number | null> {
  for (let path = dir; ; path = dirname(path))
    try {
      const { bavail, bsize } = await statfs(path)
      return bavail * bsize
    } catch {
      if (path === dirname(path)) return null
    }
}
