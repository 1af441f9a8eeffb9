import { ShoalError } from '../../protocol/errors.ts'
import type { FilterRules } from '../../protocol/rules/filter.ts'
import type { Extracted, SegmentCounts, SegmentSource } from '../components.ts'
import { LOOKAHEAD_BYTES, MAX_STORED_BYTES, SLICE_BYTES } from './limits.ts'
import { type Archive, openArchive } from './open-archive.ts'
import { openWindow } from './read-ahead.ts'
import { noCounts, type Reading, type SliceResult } from './read-slice.ts'
import type { Reach } from './read-url.ts'
import type { Slice } from './walk-records.ts'

export interface ExtractOptions extends Reach {
  /** read a slice in another thread */
  run: (bytes: ArrayBuffer, slice: Omit<Slice, 'bytes'>, reading: Reading) => Promise<SliceResult>
  /** slices that are read or wait for their turn at a time */
  depth: number
  sliceBytes?: number
  signal?: AbortSignal
}

/**
 * Read one segment with many threads, in file order.
 *
 * The file is cut into slices of equal size. Threads read them side by side, each from the first record start that it
 * can verify, and over the slice's end to the end of its last record. Whether a thread began at the right place is
 * known when the slice before it is done: it must have begun where that one ended. Where it did not (a record
 * that holds an archive, or one longer than a slice), its result is thrown away and the slice is read again from
 * there. So the results are those of one thread that reads from beginning to end, whatever the number of threads.
 *
 * A part of a segment begins at the first verifiable start inside its bounds.
 */
export async function* extractSegment(
  segment: SegmentSource,
  rules: FilterRules,
  options: ExtractOptions,
): AsyncGenerator<Extracted> {
  const archive = await openArchive(segment, options)
  try {
    yield* readPart(segment, archive, rules, options)
  } finally {
    await archive.close()
  }
}

async function* readPart(
  segment: SegmentSource,
  archive: Archive,
  rules: FilterRules,
  options: ExtractOptions,
): AsyncGenerator<Extracted> {
  const { signal, sliceBytes = SLICE_BYTES } = options
  const { start, end } = boundsOf(segment, archive)
  const reading: Reading = { kind: segment.kind, name: segment.name, rules }
  const window = openWindow(archive, start)
  const queue: { limit: number; result: Promise<SliceResult> }[] = []
  const counts = noCounts()
  let foreign = 0
  let cut = start
  let filling: Promise<void> | null = null

  /** Have `base..limit` read, from a record known to start at `from` or from the first that is found. */
  async function send(from: number | null, base: number, limit: number, ahead: number): Promise<SliceResult> {
    await window.reach(limit + ahead)
    const bytes = window.copy(base, limit + ahead)
    const atEnd = window.isAtEnd() && base + bytes.byteLength === window.end()
    return options.run(bytes, { format: archive.format, base, from, limit, atEnd }, reading)
  }

  async function fill(): Promise<void> {
    while (queue.length < options.depth && cut < end) {
      const limit = Math.min(cut + sliceBytes, end)
      await window.reach(limit + LOOKAHEAD_BYTES)
      if (cut >= window.end()) return
      // at the file's beginning a record must start
      const result = send(cut === 0 ? 0 : null, cut, limit, LOOKAHEAD_BYTES)
      // its error is looked at when its turn comes
      result.catch(() => {})
      queue.push({ limit, result })
      cut = limit
    }
  }

  function open(batch: string): Extracted {
    const extracted: Extracted = JSON.parse(batch)
    const part = extracted.counts
    for (const key of Object.keys(counts) as (keyof SegmentCounts)[]) counts[key] += part[key]
    if (foreign > 0 && counts.responses === 0) throw wrongKind(segment)
    return { ...extracted, counts: { ...counts } }
  }

  try {
    let expected: number | null = null
    for (;;) {
      filling ??= fill().finally(() => {
        filling = null
      })
      filling.catch(() => {})
      if (queue.length === 0) await filling
      const slice = queue.shift()
      if (slice === undefined) break
      let result = await slice.result
      if (expected === null || expected < slice.limit) {
        let ahead = LOOKAHEAD_BYTES
        if (expected !== null && result.first !== expected) {
          result = await send(expected, expected, slice.limit, ahead)
        }
        for (;;) {
          signal?.throwIfAborted()
          foreign += result.foreign
          for (const batch of result.batches) yield open(batch)
          if (result.stopped === null || result.next === null) break
          if (result.stopped === 'short') ahead = Math.min(2 * ahead, 2 * MAX_STORED_BYTES)
          result = await send(result.next, result.next, slice.limit, ahead)
        }
        expected = result.next
      }
      counts.bytes = storedBytes(
        segment,
        archive,
        window.storedAt(slice.limit),
        (slice.limit - start) / (end - start),
      )
      window.drop(slice.limit)
    }
    counts.badRecords += archive.isCutShort() ? 1 : 0
    counts.bytes = storedBytes(segment, archive, window.storedAt(window.end()), 1)
    yield { pages: [], images: [], counts: { ...counts } }
  } finally {
    await filling?.catch(() => {})
    await window.close()
  }
}

/** Where a segment begins and ends in its file. @throws ShoalError `source_size_unknown` */
export function boundsOf(
  { part, location }: SegmentSource,
  { size }: Pick<Archive, 'size'>,
): { start: number; end: number } {
  if (part.count === 1) return { start: 0, end: size ?? Number.POSITIVE_INFINITY }
  if (size === null) {
    throw new ShoalError(
      'source_size_unknown',
      `${location}: the server does not tell the file's size, so it can't be read in parts. Read it whole`,
    )
  }
  const border = (index: number) => Math.floor((index * size) / part.count)
  return { start: border(part.index), end: border(part.index + 1) }
}

/** Bytes of the part read so far, as stored; where the file is one gzip, a part's share of it by what it inflates to. */
function storedBytes({ part }: SegmentSource, archive: Archive, storedEnd: number, share: number): number {
  const size = archive.storedSize ?? storedEnd
  if (part.count === 1) return share === 1 ? size : Math.min(size, storedEnd)
  const border = (index: number) => Math.floor((index * size) / part.count)
  return Math.round((border(part.index + 1) - border(part.index)) * share)
}

function wrongKind({ kind, location }: SegmentSource): ShoalError {
  return kind === 'wat'
    ? new ShoalError(
        'not_a_wat',
        `${location} holds the pages themselves: it is a WARC, not a WAT. Give its kind as warc`,
      )
    : new ShoalError(
        'not_a_warc',
        `${location} holds metadata of pages: it is a WAT, not a WARC. Give its kind as wat`,
      )
}
