import { constants, crc32, inflateRawSync } from 'node:zlib'
import { MAX_HEADER_BYTES, MAX_INFLATED_BYTES } from './limits.ts'

/** RFC 1952: every member starts with these; `8` is deflate, the one method there is. */
const MAGIC = Buffer.from([0x1f, 0x8b, 0x08])
const TRAILER_BYTES = 8
/** Stored bytes that surely hold the first five of a member's content: a dynamic block's tables take under 400. */
const PROBE_BYTES = 1024

/** `short`: the bytes end before the member does. `bad`: not a member, corrupt, or larger than the limit. */
export type Member = { state: 'whole'; data: Buffer; end: number } | { state: 'short' | 'bad' }

interface InflateInfo {
  buffer: Buffer
  engine: { bytesWritten: number }
}

/**
 * Inflate the gzip member that starts at `at`, and check its length and CRC-32.
 *
 * @returns its content and the position after it
 */
export function readMember(bytes: Buffer, at: number): Member {
  const header = memberHeaderBytes(bytes, at)
  if (header <= 0) return { state: header === 0 ? 'short' : 'bad' }
  const start = at + header
  let inflated: InflateInfo
  try {
    // the types lack `info`: with it, the engine tells how much input the stream took
    inflated = inflateRawSync(bytes.subarray(start), {
      info: true,
      maxOutputLength: MAX_INFLATED_BYTES,
    }) as unknown as InflateInfo
  } catch (error) {
    return { state: (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR' ? 'short' : 'bad' }
  }
  const data = inflated.buffer
  const trailer = start + inflated.engine.bytesWritten
  if (trailer + TRAILER_BYTES > bytes.length) return { state: 'short' }
  if (bytes.readUInt32LE(trailer) !== crc32(data) || bytes.readUInt32LE(trailer + 4) !== data.length) {
    return { state: 'bad' }
  }
  return { state: 'whole', data, end: trailer + TRAILER_BYTES }
}

/** Position of the first member in `from..limit` whose content starts as a WARC record does, or -1. */
export function findMember(bytes: Buffer, from: number, limit: number): number {
  for (let at = bytes.indexOf(MAGIC, from); at !== -1 && at < limit; at = bytes.indexOf(MAGIC, at + 1)) {
    if (isWarcMember(bytes, at)) return at
  }
  return -1
}

/** The magic alone turns up every 16 MB of compressed data by chance: only a content that begins right is a start. */
export function isWarcMember(bytes: Buffer, at: number): boolean {
  return peekMember(bytes, at, PROBE_BYTES)?.subarray(0, 5).toString('latin1') === 'WARC/'
}

/** As much of a member's content as its first `stored` bytes give, or null where there is no member. */
export function peekMember(bytes: Buffer, at: number, stored: number): Buffer | null {
  const header = memberHeaderBytes(bytes, at)
  if (header <= 0) return null
  try {
    return inflateRawSync(bytes.subarray(at + header, at + header + stored), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: MAX_INFLATED_BYTES,
    })
  } catch {
    return null
  }
}

/** Length of a member's header; 0 where the bytes end inside it, -1 where there is none. */
export function memberHeaderBytes(bytes: Buffer, at: number): number {
  for (let i = 0; i < MAGIC.length; i++) if (at + i < bytes.length && bytes[at + i] !== MAGIC[i]) return -1
  if (bytes.length - at < 10) return 0
  const flags = bytes[at + 3] as number
  if (flags & 0xe0) return -1
  let end = at + 10
  if (flags & 4) {
    if (end + 2 > bytes.length) return 0
    end += 2 + bytes.readUInt16LE(end)
  }
  for (const flag of [8, 16]) {
    if (!(flags & flag)) continue
    const zero = bytes.subarray(0, at + MAX_HEADER_BYTES).indexOf(0, end)
    if (zero === -1) return bytes.length - at < MAX_HEADER_BYTES ? 0 : -1
    end = zero + 1
  }
  if (flags & 2) end += 2
  return end >= bytes.length ? 0 : end - at
}
