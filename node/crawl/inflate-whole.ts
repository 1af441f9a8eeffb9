import { createGunzip } from 'node:zlib'
import type { Source } from './source.ts'

const INFLATE_BYTES = 1024 * 1024

/** A stretch of an archive's bytes, with the number of stored bytes that were read for all up to its end. */
export interface Piece {
  bytes: Buffer
  storedEnd: number
}

/**
 * What a gzip holds, from position `start` of its content on. Inflating happens in zlib's own threads; this one only
 * passes pieces on. A corrupt stream has no point from which to go on: it ends there, and `onCut` is called.
 */
export async function* inflateWhole(source: Source, start: number, onCut: () => void): AsyncGenerator<Piece> {
  const gunzip = createGunzip({ chunkSize: INFLATE_BYTES })
  let storedEnd = 0
  const feeding = feed()

  async function feed(): Promise<void> {
    try {
      for await (const bytes of source.read(0)) {
        if (gunzip.destroyed) return
        const hasRoom = gunzip.write(bytes, () => {
          storedEnd += bytes.length
        })
        if (!hasRoom) await new Promise((resolve) => gunzip.once('drain', resolve).once('close', resolve))
      }
      gunzip.end()
    } catch (error) {
      gunzip.destroy(error as Error)
    }
  }

  let at = 0
  try {
    for await (const bytes of gunzip as AsyncIterable<Buffer>) {
      const skip = Math.min(bytes.length, Math.max(0, start - at))
      at += bytes.length
      if (skip < bytes.length) yield { bytes: bytes.subarray(skip), storedEnd }
    }
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw error
    onCut()
  } finally {
    gunzip.destroy()
    await feeding
  }
}
