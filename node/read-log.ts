import { type FileHandle, open, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { oldLog } from './log.ts'

const CHUNK_BYTES = 64 * 1024
/** Bytes of a line that are given: no stack of errors is longer. */
const MAX_LINE_BYTES = 32 * 1024
/** Bytes that are looked through for the newest lines: more than a log of Shoal's may hold. */
const MAX_BACK_BYTES = 64_000_000
/** Milliseconds between two looks for more. */
const LOOK_MS = 250
const NEWLINE = 10

/**
 * The newest lines of a log, the oldest of them first; of a line that is very long, its beginning. Memory does not
 * grow with the log. A log that is not there has none.
 *
 * @param file - as `openLog` has it; the old log beside it is read too
 * @param most - lines
 * @param follow - what comes later is given as well, until it aborts
 */
export async function* readLog(
  file: string,
  most: number,
  follow: AbortSignal | null = null,
): AsyncGenerator<string> {
  const tail = await findTail(file, most)
  if (tail.lines < most) {
    const { from, lines } = await findTail(oldLog(file), most - tail.lines)
    if (lines > 0) yield* readToEnd(oldLog(file), from)
  }
  let from = tail.from
  for (;;) {
    yield* readToEnd(file, from, follow)
    if (follow === null || follow.aborted) return
    from = 0
  }
}

/** With `follow` it ends when the file is replaced by a new one, or begins anew. */
async function* readToEnd(
  file: string,
  from: number,
  follow: AbortSignal | null = null,
): AsyncGenerator<string> {
  const handle = await openExisting(file)
  const divide = makeDivider()
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  let place = from
  try {
    for (let isOver = follow === null; ; ) {
      const { bytesRead = 0 } = (await handle?.read(buffer, 0, CHUNK_BYTES, place)) ?? {}
      place += bytesRead
      if (bytesRead > 0) yield* divide(buffer.subarray(0, bytesRead))
      else if (isOver) break
      else {
        await sleep(LOOK_MS, undefined, { signal: follow! }).catch(() => {})
        // what was written before it was replaced is read to its end
        isOver = follow!.aborted || (await isReplaced(file, handle, place))
      }
    }
    yield* divide(Buffer.of(NEWLINE))
  } finally {
    await handle?.close()
  }
}

async function isReplaced(file: string, handle: FileHandle | null, place: number): Promise<boolean> {
  const now = await stat(file).catch(() => null)
  if (now === null) return false
  return handle === null || now.ino !== (await handle.stat()).ino || now.size < place
}

async function openExisting(file: string): Promise<FileHandle | null> {
  return open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

/** Where the newest lines of a file begin, and how many there are. */
async function findTail(file: string, most: number): Promise<{ from: number; lines: number }> {
  const handle = await openExisting(file)
  if (handle === null) return { from: 0, lines: 0 }
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  try {
    const { size } = await handle.stat()
    const first = Math.max(0, size - MAX_BACK_BYTES)
    let lines = 0
    // the end of the last line divides it from nothing
    for (let end = size - 1; end > first; ) {
      const start = Math.max(first, end - CHUNK_BYTES)
      const { bytesRead } = await handle.read(buffer, 0, end - start, start)
      for (let at = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE); at >= 0; ) {
        if (++lines === most) return { from: start + at + 1, lines }
        at = at === 0 ? -1 : buffer.lastIndexOf(NEWLINE, at - 1)
      }
      end = start
    }
    return { from: first, lines: size > 0 ? lines + 1 : 0 }
  } finally {
    await handle.close()
  }
}

/** @returns a function that takes the bytes of a file and gives its lines; empty ones are left out */
function makeDivider(): (bytes: Buffer) => Generator<string> {
  let begun: Buffer[] = []
  let length = 0
  return function* divide(bytes) {
    for (let start = 0; ; ) {
      const end = bytes.indexOf(NEWLINE, start)
      const part = bytes.subarray(start, end < 0 ? bytes.length : end)
      const kept = part.subarray(0, Math.max(0, MAX_LINE_BYTES - length))
      length += kept.length
      if (end < 0) {
        if (kept.length > 0) begun.push(Buffer.from(kept))
        return
      }
      if (length > 0) yield Buffer.concat([...begun, kept]).toString()
      begun = []
      length = 0
      start = end + 1
    }
  }
}
