import type { Piece } from './inflate-whole.ts'
import type { Archive } from './open-archive.ts'

/** A window on an archive's bytes: what has been read and may still be needed. */
export interface Window {
  /** Read on until the window reaches `position`, or the end. */
  reach(position: number): Promise<void>
  /** A copy of `from..to`, as far as it has been read, in memory of its own that can go to another thread. */
  copy(from: number, to: number): ArrayBuffer
  /** Forget what lies before `position`. */
  drop(position: number): void
  /** where reading stands */
  end(): number
  isAtEnd(): boolean
  /** stored bytes that it took to reach `position`, from the archive's beginning */
  storedAt(position: number): number
  close(): Promise<void>
}

export function openWindow(archive: Archive, start: number): Window {
  const stream = archive.read(start)
  let pieces: (Piece & { start: number })[] = []
  let end = start
  let isAtEnd = false
  let stored = 0
  let reading: Promise<void> = Promise.resolve()

  async function readTo(position: number): Promise<void> {
    while (!isAtEnd && end < position) {
      const next = await stream.next()
      if (next.done) {
        isAtEnd = true
      } else {
        pieces.push({ ...next.value, start: end })
        end += next.value.bytes.length
      }
    }
  }

  return {
    reach(position) {
      // one reader at a time; an error is each waiting caller's
      reading = reading.then(() => readTo(position))
      reading.catch(() => {})
      return reading
    },
    copy(from, to) {
      const length = Math.max(0, Math.min(to, end) - from)
      const copy = new Uint8Array(length)
      for (const piece of pieces) {
        const skip = Math.max(0, from - piece.start)
        const at = Math.max(0, piece.start - from)
        if (skip >= piece.bytes.length || at >= length) continue
        copy.set(piece.bytes.subarray(skip, skip + length - at), at)
      }
      return copy.buffer
    },
    drop(position) {
      const kept = pieces.findIndex((piece) => piece.start + piece.bytes.length > position)
      const dropped = kept === -1 ? pieces : pieces.slice(0, kept)
      stored = dropped.at(-1)?.storedEnd ?? stored
      pieces = kept === -1 ? [] : pieces.slice(kept)
    },
    end: () => end,
    isAtEnd: () => isAtEnd,
    storedAt(position) {
      const piece = pieces.find(({ start: from, bytes }) => from + bytes.length >= position)
      return piece?.storedEnd ?? stored
    },
    close: async () => {
      await reading.catch(() => {})
      await stream.return(undefined)
    },
  }
}
