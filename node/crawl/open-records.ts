import { ShoalError } from '../../protocol/errors.ts'
import { MAX_SEARCH_BYTES } from '../../protocol/limits.ts'
import type { FilterRules } from '../../protocol/rules/filter.ts'
import type { Extracted, ExtractedRecord, SegmentRecords, SegmentSource } from '../components.ts'
import { boundsOf } from './extract-segment.ts'
import { MAX_STORED_BYTES } from './limits.ts'
import { probeForm } from './open-archive.ts'
import type { Reading, SliceResult } from './read-slice.ts'
import type { Reach } from './read-url.ts'
import { openSource, type Source } from './source.ts'
import type { Spools } from './spool.ts'
import type { Slice } from './walk-records.ts'

interface Options extends Reach {
  spools: Spools
  /** read a slice in another thread */
  run: (bytes: ArrayBuffer, slice: Omit<Slice, 'bytes'>, reading: Reading) => Promise<SliceResult>
  addLanguages: (item: Extracted) => Promise<Extracted>
  signal: AbortSignal | undefined
}

/** Bytes read at first to find a record: two or three of Common Crawl's. Doubled where they don't suffice. */
const SEARCH_BYTES = 64 * 1024
const MAX_SEARCH_STEP = 1024 * 1024
/** What tells that a record begins: a member's first bytes, or a line and the next one's. */
const START_BYTES = 4 * 1024

/** Open a segment to look at single records, as `Crawl.openRecords` promises. */
export async function openRecords(
  segment: SegmentSource,
  rules: FilterRules,
  options: Options,
): Promise<SegmentRecords> {
  const { source, format } = await openInflated(segment, options)
  const reading: Reading = { kind: segment.kind, name: segment.name, rules, isFirstEnough: true }
  const size = source.size ?? 0
  try {
    if (source.size === null) throw unknownSize(segment)
    const bounds = boundsOf(segment, source)

    /** Read `at..end` as a slice, of which records that begin before `limit` count. */
    async function look(at: number, end: number, slice: Pick<Slice, 'from' | 'limit' | 'atEnd'>) {
      options.signal?.throwIfAborted()
      const bytes = await source.readRange(at, end)
      return options.run(bytes, { format, base: at, ...slice }, reading)
    }

    async function search(from: number, limit: number): Promise<ExtractedRecord | null> {
      // at the file's beginning a record must start
      let known = from === 0 ? 0 : null
      let step = SEARCH_BYTES
      for (let at = from; at < limit; ) {
        const border = Math.min(limit, at + step)
        const end = Math.min(size, at + step + START_BYTES)
        const result = await look(at, end, { from: known, limit: border, atEnd: end === size })
        const record = firstOf(result)
        if (record !== null) return record
        known = result.next
        at = known ?? border
        step = Math.min(2 * step, result.stopped === 'short' ? 2 * MAX_STORED_BYTES : MAX_SEARCH_STEP)
      }
      return null
    }

    return {
      ...bounds,
      async extractAt({ offset, length }) {
        if (offset < bounds.start || offset >= bounds.end || length > 2 * MAX_STORED_BYTES) return null
        // what follows tells whether the record ends there
        const end = Math.min(size, offset + length + START_BYTES)
        const result = await look(offset, end, { from: offset, limit: offset + 1, atEnd: true })
        if ((result.next ?? size) !== offset + length) return null
        const { pages, counts } = gather(result)
        return withLanguages({ offset, length, isPage: counts.htmlPages > 0, pages }, options)
      },
      async extractNext(from) {
        const limit = from + MAX_SEARCH_BYTES
        const next = await search(from, Math.min(limit, bounds.end))
        const wrapped = bounds.start + MAX_SEARCH_BYTES
        const found =
          next ?? (limit < bounds.end ? null : await search(bounds.start, Math.min(wrapped, bounds.end)))
        return found && withLanguages(found, options)
      },
      close: () => source.close(),
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

/** A whole-file gzip is inflated to disk, since nothing can be read from the middle of it. */
async function openInflated(segment: SegmentSource, options: Options) {
  const source = await openSource(segment.location, options, options.signal)
  try {
    const form = await probeForm(source, segment)
    if (form !== 'whole') return { format: form, source: withRanges(source) }
    const path = await options.spools.inflate(segment.location, source)
    const inflated = await openSource(path, options, options.signal)
    await source.close()
    return { format: 'plain' as const, source: withRanges(inflated) }
  } catch (error) {
    await source.close()
    throw error
  }
}

function withRanges(source: Source) {
  return {
    ...source,
    async readRange(start: number, end: number): Promise<ArrayBuffer> {
      const bytes = new Uint8Array(Math.max(0, end - start))
      let at = 0
      if (end > start)
        for await (const piece of source.read(start, end)) {
          bytes.set(piece.subarray(0, bytes.length - at), at)
          at += piece.length
        }
      return at >= bytes.length ? bytes.buffer : bytes.slice(0, at).buffer
    },
  }
}

/** The first record of a slice that has candidates. */
function firstOf(result: SliceResult): ExtractedRecord | null {
  const { pages } = gather(result)
  const [first] = pages
  if (first === undefined) return null
  const { sourceOffset: offset, sourceLength: length } = first
  return { offset, length, isPage: true, pages: pages.filter((page) => page.sourceOffset === offset) }
}

/** All batches of a slice as one, with pages whole again. */
function gather({ batches }: SliceResult): Pick<Extracted, 'pages' | 'counts'> {
  const items = batches.map((batch): Extracted => JSON.parse(batch))
  const pages: Extracted['pages'] = []
  let htmlPages = 0
  for (const item of items) {
    htmlPages += item.counts.htmlPages
    for (const page of item.pages) {
      const last = pages.at(-1)
      const goesOn =
        last?.sourceOffset === page.sourceOffset &&
        last.url === page.url &&
        last.candidates.at(-1)!.ordinal < page.candidates[0]!.ordinal
      if (goesOn) last.candidates.push(...page.candidates)
      else pages.push(page)
    }
  }
  return { pages, counts: { ...items[0]!.counts, htmlPages } }
}

async function withLanguages(
  record: ExtractedRecord,
  { addLanguages }: Pick<Options, 'addLanguages'>,
): Promise<ExtractedRecord> {
  const counts = { bytes: 0, records: 0, responses: 0, htmlPages: 0, badRecords: 0, imgs: 0, candidates: 0 }
  await addLanguages({ pages: record.pages, images: [], counts })
  return record
}

function unknownSize({ location }: SegmentSource): ShoalError {
  return new ShoalError(
    'source_size_unknown',
    `${location}: the server does not tell the file's size, so places in it can't be drawn. Try another server`,
  )
}
