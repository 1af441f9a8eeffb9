import { ShoalError } from '../../protocol/errors.ts'
import type { ArchivedResponse, SegmentSource } from '../components.ts'
import type { FoundResponse } from './extract-worker.ts'
import { isWarcMember } from './gzip-member.ts'
import { MAX_STORED_BYTES } from './limits.ts'
import type { Reach } from './read-url.ts'
import { openSource, type Source } from './source.ts'
import type { Spools } from './spool.ts'

interface Options extends Reach {
  spools: Spools
  /** find the response in a record's bytes, in another thread */
  read: (bytes: ArrayBuffer, url: string | undefined) => Promise<FoundResponse>
}

/** Read one response by its place, as `Crawl.readResponse` promises. */
export async function fetchResponse(
  segment: SegmentSource,
  record: { warcOffset: number; warcLength: number; url?: string },
  options: Options,
): Promise<ArchivedResponse> {
  const where = `${segment.location}, byte ${record.warcOffset}`
  if (record.warcLength > 2 * MAX_STORED_BYTES) {
    throw new ShoalError(
      'record_too_large',
      `${where}: the record is longer than ${2 * MAX_STORED_BYTES} bytes`,
    )
  }
  const bytes = await readRecordBytes(segment, record, options)
  const response = await options.read(bytes.buffer as ArrayBuffer, record.url)
  if (response === 'too_large') {
    throw new ShoalError('record_too_large', `${where}: the body is larger than was asked for`)
  }
  if (response === 'missing') {
    throw new ShoalError(
      'record_missing',
      `${where}: no whole response record begins here. Has the file changed?`,
    )
  }
  return response
}

async function readRecordBytes(
  segment: SegmentSource,
  { warcOffset, warcLength }: { warcOffset: number; warcLength: number },
  options: Options,
): Promise<Uint8Array> {
  const source = await openSource(segment.location, options)
  try {
    const stored = await readRange(source, warcOffset, warcLength)
    if (
      isWarcMember(Buffer.from(stored.buffer), 0) ||
      /^WARC\//.test(Buffer.from(stored.buffer, 0, 5).toString())
    )
      return stored
    // neither a member nor a record: a place in a whole-file gzip's content
    const path = await options.spools.inflate(segment.location, source)
    const spool = await openSource(path, options)
    try {
      return await readRange(spool, warcOffset, warcLength)
    } finally {
      await spool.close()
    }
  } finally {
    await source.close()
  }
}

async function readRange(source: Source, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let at = 0
  for await (const piece of source.read(start, start + length)) {
    bytes.set(piece.subarray(0, length - at), at)
    at += piece.length
  }
  return bytes.slice(0, Math.min(at, length))
}
