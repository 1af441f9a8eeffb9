import { MAX_HEADER_BYTES, MAX_INFLATED_BYTES } from './limits.ts'

/** One WARC record (ISO 28500, versions 0.17 to 1.1): its named fields and its block. */
export interface WarcRecord {
  /** lower case, '' where missing */
  type: string
  /** lower case, '' where missing */
  contentType: string
  /** its named fields, names in lower case */
  fields: ReadonlyMap<string, string>
  block: Buffer
}

/**
 * `short`: the bytes end before the record does. `bad`: no record. A `damaged` record does not keep to its length:
 * its block is all up to the next record, or to the end.
 */
export type RecordRead =
  | { state: 'whole'; record: WarcRecord; end: number; damaged: boolean }
  | { state: 'short' | 'bad' }

const LINE = Buffer.from('WARC/')
const END = Buffer.from('\r\n\r\n')
const BARE_END = Buffer.from('\n\n')
/** A record's first line: `WARC/1.0\\r\\n`. */
const LINE_BYTES = 10

/**
 * Read the record that starts at `at`.
 *
 * Its length is believed only where the block is followed by an empty line, by another record or by the end:
 * a length that is too large would otherwise swallow the records after it.
 *
 * @param atEnd - whether nothing follows `bytes`
 * @returns the record, and the position of what follows it, past the line ends
 */
export function readRecord(bytes: Buffer, at: number, atEnd: boolean): RecordRead {
  const short = { state: atEnd ? 'bad' : 'short' } as const
  if (!isRecordLine(bytes, at)) return bytes.length - at < LINE_BYTES ? short : { state: 'bad' }
  const headerEnd = findHeaderEnd(bytes, at)
  if (headerEnd === -1) return bytes.length - at < MAX_HEADER_BYTES ? short : { state: 'bad' }
  const fields = readFields(bytes.toString('latin1', at, headerEnd))
  const length = fields.get('content-length')
  if (length === undefined || !/^\d{1,15}$/.test(length) || Number(length) > MAX_INFLATED_BYTES)
    return { state: 'bad' }
  const claimed = headerEnd + Number(length)
  const end = claimed > bytes.length ? -1 : skipLineEnds(bytes, claimed)
  if (!atEnd && (end === -1 || bytes.length - end < LINE_BYTES)) return { state: 'short' }
  const keepsLength =
    end !== -1 && (end === bytes.length || isRecordLine(bytes, end) || hasEnd(bytes, claimed))
  if (keepsLength)
    return {
      state: 'whole',
      record: makeRecord(fields, bytes.subarray(headerEnd, claimed)),
      end,
      damaged: false,
    }
  const next = findRecord(bytes, headerEnd, bytes.length)
  if (next === -1 && !atEnd) return { state: 'short' }
  const blockEnd = next === -1 ? bytes.length : next
  return {
    state: 'whole',
    record: makeRecord(fields, bytes.subarray(headerEnd, blockEnd)),
    end: blockEnd,
    damaged: true,
  }
}

function makeRecord(fields: Map<string, string>, block: Buffer): WarcRecord {
  const type = fields.get('warc-type')?.toLowerCase() ?? ''
  return { type, contentType: fields.get('content-type')?.toLowerCase() ?? '', fields, block }
}

/** WARC-Target-URI, '' where missing. */
export function targetUriOf({ fields }: WarcRecord): string {
  const uri = fields.get('warc-target-uri') ?? ''
  // as UTF-8: newer crawlers write addresses as they are; older ones put them in angle brackets
  return Buffer.from(uri, 'latin1')
    .toString()
    .replace(/^<(.*)>$/s, '$1')
}

/** WARC-Date in milliseconds since 1970, 0 where missing. */
export function dateOf({ fields }: WarcRecord): number {
  return Date.parse(fields.get('warc-date') ?? '') || 0
}

/** Position of the first record in `from..limit` that starts a line and has fields, or -1. */
export function findRecord(bytes: Buffer, from: number, limit: number): number {
  for (let at = bytes.indexOf(LINE, from); at !== -1 && at < limit; at = bytes.indexOf(LINE, at + 1)) {
    if ((at === 0 || bytes[at - 1] === 10) && isRecordLine(bytes, at) && hasFields(bytes, at)) return at
  }
  return -1
}

/** Position of the first byte from `at` on that ends no line. */
export function skipLineEnds(bytes: Buffer, at: number): number {
  let end = at
  while (bytes[end] === 10 || bytes[end] === 13) end++
  return end
}

/** Whether a line `WARC/1.0` stands here. */
function isRecordLine(bytes: Buffer, at: number): boolean {
  return (
    startsWith(bytes, at, LINE) &&
    /^WARC\/\d{1,2}\.\d{1,3}[ \t]*\r?\n/.test(bytes.toString('latin1', at, at + 20))
  )
}

function hasFields(bytes: Buffer, at: number): boolean {
  const line = bytes.indexOf(10, at) + 1
  return /^[A-Za-z][A-Za-z-]{0,60}[ \t]*:/.test(bytes.toString('latin1', line, line + 70))
}

function hasEnd(bytes: Buffer, at: number): boolean {
  return startsWith(bytes, at, END) || startsWith(bytes, at, BARE_END)
}

function startsWith(bytes: Buffer, at: number, what: Buffer): boolean {
  for (let i = 0; i < what.length; i++) if (bytes[at + i] !== what[i]) return false
  return true
}

/** Position after the empty line that ends a header, or -1. */
export function findHeaderEnd(bytes: Buffer, at: number): number {
  const window = bytes.subarray(0, at + MAX_HEADER_BYTES)
  const crlf = window.indexOf(END, at)
  const bare = (crlf === -1 ? window : window.subarray(0, crlf)).indexOf(BARE_END, at)
  if (bare !== -1) return bare + BARE_END.length
  return crlf === -1 ? -1 : crlf + END.length
}

/** Named fields, names in lower case; the first of a name counts; folded lines are joined. */
function readFields(header: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of splitFields(header)) if (!fields.has(name)) fields.set(name, value)
  return fields
}

/** The `name: value` lines after a header's first line, in order, names in lower case. */
export function splitFields(header: string): [string, string][] {
  const fields: [string, string][] = []
  let last: [string, string] | undefined
  for (let start = header.indexOf('\n') + 1; start > 0 && start < header.length; ) {
    const next = header.indexOf('\n', start)
    const end = next === -1 ? header.length : next
    const first = header.charCodeAt(start)
    const colon = header.indexOf(':', start)
    if ((first === 0x20 || first === 0x09) && last !== undefined) {
      last[1] = `${last[1]} ${header.slice(start, end).trim()}`.trim()
    } else if (colon > start && colon < end) {
      last = [header.slice(start, colon).trim().toLowerCase(), header.slice(colon + 1, end).trim()]
      fields.push(last)
    }
    start = end + 1
  }
  return fields
}
