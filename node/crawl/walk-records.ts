import { freeBytes } from '../free-bytes.ts'
import { findMember, readMember } from './gzip-member.ts'
import { MAX_STORED_BYTES } from './limits.ts'
import { findRecord, readRecord, skipLineEnds, type WarcRecord } from './warc-record.ts'

/** A stretch of an archive, with the bytes after it that its last record may reach into. */
export interface Slice {
  /** `gzip`: each record, or a few, a member of its own. `plain`: not compressed, or inflated already */
  format: 'gzip' | 'plain'
  bytes: Buffer
  /** position of `bytes[0]` in the archive */
  base: number
  /** where a record is known to start, or null to begin at the first that can be found */
  from: number | null
  /** records that start before this position belong to the slice */
  limit: number
  /** whether `bytes` reach the end of the archive */
  atEnd: boolean
}

type OnRecord = (record: WarcRecord, offset: number, length: number) => void

interface Walk {
  first: number | null
  next: number | null
  stopped: 'short' | 'full' | null
}

/**
 * Visit the records that start in a slice. What is no record is reported once and stepped over, up to the next
 * verified start. Positions are absolute; a compressed record's offset and length are its member's.
 */
export function walkRecords(
  slice: Slice,
  onRecord: OnRecord,
  hooks: { onBad: () => void; isFull: () => boolean },
): Walk {
  const { bytes, base } = slice
  const limit = Math.min(slice.limit - base, bytes.length)
  const find = slice.format === 'gzip' ? findMember : findRecord
  const step = slice.format === 'gzip' ? stepMember : stepRecord
  let at = slice.from === null ? find(bytes, 0, limit) : slice.from - base
  const first = at === -1 ? null : at + base
  while (at !== -1 && at < limit) {
    if (hooks.isFull()) return { first, next: at + base, stopped: 'full' }
    const end = step(bytes, at, slice, onRecord, hooks.onBad)
    if (end === 'short' && bytes.length - at < MAX_STORED_BYTES)
      return { first, next: at + base, stopped: 'short' }
    if (typeof end === 'number') {
      at = end
    } else {
      hooks.onBad()
      at = find(bytes, at + 1, limit)
    }
  }
  return { first, next: at === -1 ? null : at + base, stopped: null }
}

type Step = (
  bytes: Buffer,
  at: number,
  slice: Slice,
  onRecord: OnRecord,
  onBad: () => void,
) => number | 'short' | 'bad'

const stepRecord: Step = (bytes, at, slice, onRecord, onBad) => {
  const start = skipLineEnds(bytes, at)
  if (start > at) return start
  const read = readRecord(bytes, at, slice.atEnd)
  if (read.state !== 'whole') return read.state
  if (read.damaged) onBad()
  onRecord(read.record, slice.base + at, read.end - at)
  return read.end
}

const stepMember: Step = (bytes, at, slice, onRecord, onBad) => {
  const member = readMember(bytes, at)
  if (member.state !== 'whole') return member.state === 'short' && !slice.atEnd ? 'short' : 'bad'
  const { data, end } = member
  for (let inner = skipLineEnds(data, 0); inner < data.length; ) {
    const read = readRecord(data, inner, true)
    if (read.state === 'whole') {
      if (read.damaged) onBad()
      onRecord(read.record, slice.base + at, end - at)
      inner = read.end
    } else {
      onBad()
      const found = findRecord(data, inner + 1, data.length)
      inner = found === -1 ? data.length : found
    }
  }
  freeBytes(data)
  return end
}
