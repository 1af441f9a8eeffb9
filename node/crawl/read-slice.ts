import { MAX_PAGE_BYTES } from '../../protocol/limits.ts'
import { CONSENT_SIGNALS, type ConsentSignal } from '../../protocol/rules/consent.ts'
import type { FilterRules } from '../../protocol/rules/filter.ts'
import type { Extracted, SegmentCounts, SegmentSource } from '../components.ts'
import { decodePage } from './decode-text.ts'
import { BodyTooLarge, decodeBody, type HttpResponse, headerOf, readHttpResponse } from './http-response.ts'
import { isImage } from './is-image.ts'
import { BATCH_CANDIDATES, MAX_PAGE_URL_CHARS, MAX_RESULT_CHARS } from './limits.ts'
import { makePage } from './make-page.ts'
import { readDate } from './read-date.ts'
import { readHtml } from './read-html.ts'
import { readWat } from './read-wat.ts'
import { type Slice, walkRecords } from './walk-records.ts'
import { warcPathOf } from './warc-path.ts'
import { targetUriOf, type WarcRecord } from './warc-record.ts'

/** What to read and by which rules: the same for all slices of a segment. */
export interface Reading {
  kind: SegmentSource['kind']
  /** how rows name the file */
  name: string
  rules: FilterRules
  /** the campaign's `pipeline.consent`; every signal there is, if not given */
  honoured?: readonly ConsentSignal[] | undefined
  /** whether the first record with candidates is all that is wanted */
  isFirstEnough?: boolean
}

/** What one slice of a segment gave. */
export interface SliceResult {
  /** position of the first record that starts in the slice, or null where none does */
  first: number | null
  /** position of the record after the slice's last, or null where it lies beyond what was seen */
  next: number | null
  /** why it ended before the slice did: the record at `next` needs more bytes, or results are many already */
  stopped: 'short' | 'full' | null
  /** JSON of `Extracted` with at most `BATCH_CANDIDATES` candidates each; its counts are of this batch alone */
  batches: string[]
  /** records that tell that the file is of the other kind */
  foreign: number
}

/** Read the records that start in one slice, and what is on their pages. Pure but for time: same slice, same result. */
export function readSlice(slice: Slice, reading: Reading): SliceResult {
  const { honoured = CONSENT_SIGNALS } = reading
  const batches: string[] = []
  let chars = 0
  let foreign = 0
  let batch = emptyBatch()
  let held = 0
  let hasPage = false

  function flush(): void {
    const json = JSON.stringify(batch)
    chars += json.length
    batches.push(json)
    batch = emptyBatch()
    held = 0
  }

  function addPage(page: Extracted['pages'][number]): void {
    hasPage = true
    if (held > 0 && held + page.candidates.length > BATCH_CANDIDATES) flush()
    for (let at = 0; at < page.candidates.length; at += BATCH_CANDIDATES) {
      const candidates = page.candidates.slice(at, at + BATCH_CANDIDATES)
      batch.counts.candidates += candidates.length
      batch.pages.push({ ...page, candidates })
      held += candidates.length
      if (held >= BATCH_CANDIDATES) flush()
    }
  }

  function onRecord(record: WarcRecord, offset: number, length: number): void {
    batch.counts.records++
    if (reading.kind === 'wat') onMetadata(record, offset, length)
    else if (record.type === 'response') onResponse(record, offset, length)
    else if (record.type === 'metadata' && isEnvelope(record)) foreign++
  }

  function onResponse(record: WarcRecord, warcOffset: number, warcLength: number): void {
    batch.counts.responses++
    const url = targetUriOf(record)
    if (!/^https?:/i.test(url)) return
    const response = readHttpResponse(record.block)
    if (response === null || url.length > MAX_PAGE_URL_CHARS) {
      batch.counts.badRecords++
      return
    }
    const contentType = headerOf(response, 'content-type') ?? ''
    try {
      if (isHtml(response, contentType)) {
        const content = readHtml(decodePage(decodeBody(response, MAX_PAGE_BYTES), contentType))
        batch.counts.htmlPages++
        batch.counts.imgs += content.imgs
        const place = { warcOffset, warcLength, sourceOffset: warcOffset, sourceLength: warcLength }
        const date = readDate(record.fields.get('warc-date'))
        const origin = { url, warcPath: reading.name, ...place, date }
        if (content.images.length > 0)
          addPage(makePage(origin, content, response.headers, reading.rules, honoured))
      } else if (response.status === 200 && isImage(contentType, response.body)) {
        batch.images.push({ url: withoutFragment(url), warcOffset, warcLength })
        if (++held >= BATCH_CANDIDATES) flush()
      }
    } catch (error) {
      if (!(error instanceof BodyTooLarge)) throw error
      batch.counts.badRecords++
    }
  }

  function onMetadata(record: WarcRecord, sourceOffset: number, sourceLength: number): void {
    if (record.type === 'response') foreign++
    if (record.type !== 'metadata' || !record.contentType.startsWith('application/json')) return
    const wat = readWat(record.block.toString('utf8'))
    if (wat.kind === 'bad') batch.counts.badRecords++
    if (wat.kind !== 'response') return
    batch.counts.responses++
    if (wat.isHtml) batch.counts.htmlPages++
    if (wat.page === null) return
    const { origin, content, headers } = wat.page
    batch.counts.imgs += content.imgs
    if (content.images.length === 0) return
    const place = { warcPath: warcPathOf(reading.name, origin.warcPath), sourceOffset, sourceLength }
    addPage(makePage({ ...origin, ...place }, content, headers, reading.rules, honoured))
  }

  const walk = walkRecords(slice, onRecord, {
    onBad: () => batch.counts.badRecords++,
    isFull: () => chars > MAX_RESULT_CHARS || (reading.isFirstEnough === true && hasPage),
  })
  flush()
  return { ...walk, batches, foreign }
}

function emptyBatch(): Extracted {
  return { pages: [], images: [], counts: noCounts() }
}

/** Counts at the beginning of a segment. */
export function noCounts(): SegmentCounts {
  return { bytes: 0, records: 0, responses: 0, htmlPages: 0, badRecords: 0, imgs: 0, candidates: 0 }
}

function isHtml(response: HttpResponse, contentType: string): boolean {
  if (/^\s*(?:text\/html|application\/xhtml\+xml)/i.test(contentType)) return true
  return (
    contentType.trim() === '' &&
    /^\s*<(?:!doctype\s+html|html|head|body)/i.test(response.body.toString('latin1', 0, 256))
  )
}

function isEnvelope(record: WarcRecord): boolean {
  return record.contentType.startsWith('application/json') && record.block.includes('"Envelope"')
}

/** As the addresses of candidates are written, so that they meet. */
export function withoutFragment(address: string): string {
  const url = URL.parse(address)
  if (url === null) return address
  url.hash = ''
  return url.href
}
