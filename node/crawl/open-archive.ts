import { ShoalError } from '../../protocol/errors.ts'
import type { SegmentSource } from '../components.ts'
import { findMember, peekMember, readMember } from './gzip-member.ts'
import { inflateWhole, type Piece } from './inflate-whole.ts'
import type { Reach } from './read-url.ts'
import { openSource, type Source } from './source.ts'
import { findRecord, readRecord } from './warc-record.ts'

/** Bytes from which the format is told. The first record, `warcinfo`, is about one thousand long. */
const PROBE_BYTES = 1024 * 1024
/** Bytes that nearly always tell it. */
const FIRST_PROBE_BYTES = 64 * 1024

/** A source whose bytes are records, or gzip members of records. */
export interface Archive {
  format: 'gzip' | 'plain'
  /** bytes of the source as stored, or null where a server does not tell */
  storedSize: number | null
  /** bytes that positions refer to, or null where they are not known: as stored, or of a whole-file gzip inflated */
  size: number | null
  read(start: number): AsyncGenerator<Piece>
  /** whether a whole-file gzip ended before its end */
  isCutShort(): boolean
  close(): Promise<void>
}

/**
 * Open a segment's file and tell its format from its bytes: uncompressed, gzip member by member, or one gzip over
 * several records, which is inflated from its beginning, with positions counted in what comes out.
 *
 * @throws ShoalError `not_an_archive`, and those of `openSource`
 */
export async function openArchive(
  segment: SegmentSource,
  options: Reach & { signal?: AbortSignal },
): Promise<Archive> {
  const source = await openSource(segment.location, options, options.signal)
  try {
    const form = await probeForm(source, segment)
    return form === 'whole' ? await openWhole(source, segment.part.count > 1) : openStored(source, form)
  } catch (error) {
    await source.close()
    throw error
  }
}

function openStored(source: Source, format: 'gzip' | 'plain'): Archive {
  return {
    format,
    storedSize: source.size,
    size: source.size,
    async *read(start) {
      let storedEnd = start
      for await (const bytes of source.read(start)) {
        storedEnd += bytes.length
        yield { bytes, storedEnd }
      }
    },
    isCutShort: () => false,
    close: () => source.close(),
  }
}

async function openWhole(source: Source, isSizeNeeded: boolean): Promise<Archive> {
  let isCutShort = false
  const read = (start: number) =>
    inflateWhole(source, start, () => {
      isCutShort = true
    })
  let size: number | null = null
  if (isSizeNeeded) {
    size = 0
    for await (const { bytes } of read(0)) size += bytes.length
  }
  return {
    format: 'plain',
    storedSize: source.size,
    size,
    read,
    isCutShort: () => isCutShort,
    close: () => source.close(),
  }
}

/** @throws ShoalError `not_an_archive` */
export async function probeForm(
  source: Source,
  segment: Pick<SegmentSource, 'kind' | 'location'>,
): Promise<'plain' | 'gzip' | 'whole'> {
  const form =
    tellForm(await head(source, FIRST_PROBE_BYTES), false) ?? tellForm(await head(source, PROBE_BYTES), true)
  if (form !== null) return form
  throw new ShoalError(
    'not_an_archive',
    `${segment.location} is not a ${segment.kind === 'wat' ? 'WAT' : 'WARC'} file: no WARC record begins in its first ${PROBE_BYTES} bytes, compressed or not`,
  )
}

async function head(source: Source, most: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const bytes of source.read(0, Math.min(most, source.size ?? most))) {
    pieces.push(bytes)
    length += bytes.length
    if (length >= most) break
  }
  return Buffer.concat(pieces)
}

/** @param mustTell - no more bytes are to come; otherwise null where more might change what these tell */
function tellForm(bytes: Buffer, mustTell: boolean): 'plain' | 'gzip' | 'whole' | null {
  const member = findMember(bytes, 0, bytes.length)
  const record = findRecord(bytes, 0, bytes.length)
  if (member === -1) return record === -1 ? null : 'plain'
  if (record !== -1 && record < member) return 'plain'
  const content = peekMember(bytes, member, bytes.length) ?? Buffer.alloc(0)
  const first = readRecord(content, 0, true)
  const isWhole = first.state === 'whole' && first.end < content.length
  if (!mustTell && readMember(bytes, member).state === 'short' && !(isWhole && !first.damaged)) return null
  return isWhole ? 'whole' : 'gzip'
}
