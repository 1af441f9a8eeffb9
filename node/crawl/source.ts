import { open } from 'node:fs/promises'
import { ShoalError } from '../../protocol/errors.ts'
import { probeUrl, type Reach, readUrl } from './read-url.ts'

/** Bytes of a file, here or on a server. */
export interface Source {
  /** in bytes, or null where the server does not tell */
  size: number | null
  /** The bytes from `start` on, as fast as they are taken; up to `end`, if given. */
  read(start: number, end?: number): AsyncGenerator<Buffer>
  close(): Promise<void>
}

const READ_BYTES = 1024 * 1024

/**
 * @param location - path or http(s) URL
 * @throws ShoalError `source_missing`, `source_unreadable`, `source_unreachable`, `source_refused`
 */
export function openSource(location: string, reach: Reach, signal?: AbortSignal): Promise<Source> {
  return /^https?:\/\//i.test(location) ? openUrl(location, reach, signal) : openFile(location, signal)
}

async function openFile(path: string, signal?: AbortSignal): Promise<Source> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new ShoalError('source_missing', `There is no file ${path}`)
    throw new ShoalError('source_unreadable', `Can't read ${path}: ${error.message}`, { cause: error })
  })
  const stat = await file.stat()
  if (!stat.isFile()) {
    await file.close()
    throw new ShoalError('source_unreadable', `${path} is not a file: name a WARC or WAT file`)
  }
  return {
    size: stat.size,
    async *read(start, end = stat.size) {
      for (let at = start; at < end; ) {
        signal?.throwIfAborted()
        const bytes = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at))
        const { bytesRead } = await file.read(bytes, 0, bytes.length, at)
        if (bytesRead === 0) return
        at += bytesRead
        yield bytes.subarray(0, bytesRead)
      }
    },
    close: () => file.close(),
  }
}

async function openUrl(url: string, reach: Reach, signal?: AbortSignal): Promise<Source> {
  const { web, userAgent, retryMs } = reach
  const access = { url, web, userAgent, retryMs, ...(signal === undefined ? {} : { signal }) }
  const { size, validator } = await probeUrl(access)
  return {
    size,
    read: (start, end) => readUrl({ ...access, validator }, start, end ?? size),
    // whoever ends a reading ends its connection
    close: async () => {},
  }
}
