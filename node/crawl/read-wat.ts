import { decodeHTMLAttribute } from 'entities/decode'
import { MAX_CANDIDATES_PER_PAGE } from '../../protocol/limits.ts'
import { CONSENT_HEADERS, isConsentMeta } from '../../protocol/rules/response-consent.ts'
import { MAX_PAGE_URL_CHARS, MAX_RAW_TEXT_CHARS, MAX_RAW_URL_CHARS } from './limits.ts'
import type { PageOrigin } from './make-page.ts'
import { readDate } from './read-date.ts'
import { isLicense, type PageContent } from './read-html.ts'

/** The page's place in its WARC. */
type WatOrigin = Omit<PageOrigin, 'sourceOffset' | 'sourceLength'>

/** What a WAT record tells of one page. */
export interface WatPage {
  origin: WatOrigin
  content: PageContent
  /** those that opt out */
  headers: [string, string][]
}

/** `other`: metadata of no response. A response without `page` has no pictures. */
export type WatRead = { kind: 'other' | 'bad' } | { kind: 'response'; isHtml: boolean; page: WatPage | null }

type Json = { [key: string]: unknown }

/** Searches begin with a rare character, which V8 looks for many times as fast as for a quotation mark. */
const IMAGE = 'IMG@/src"'
const LICENSE = /license/i
const LICENSE_LINK = /"rel":"[^"]*license/i
/** An image as all newer WATs have it, without escapes: read at a third of a JSON parser's time. */
const PLAIN_IMAGE = /\{"path":"IMG@\/src","url":"([^"\\]*)"(?:,"alt":"([^"\\]*)")?\}/y
const PLAIN_IMAGE_START = '{"path":"'
const PLAIN_SCALAR = /"([^"\\]*)"|(\d+)/y
const CONSENT_HEADER = new RegExp(`"(?:${CONSENT_HEADERS.join('|')})":`, 'i')

/**
 * Read one metadata record's JSON, as Common Crawl's ia-web-commons writes it, old and new. Addresses and texts stand
 * there as in the page's source, so their entities are decoded here. `ordinal` counts the links of path `IMG@/src`,
 * which are the page's `<img src>`.
 *
 * Parsing all of it costs more than inflating it did, and nearly all of it is links to other pages. So only what is
 * needed is cut out and parsed. What makes that sound: a quotation mark inside a JSON string is escaped, so a
 * `"key":` can't be text; and whatever doesn't add up, or is rare, goes to the slow way, which parses all.
 */
export function readWat(json: string): WatRead {
  const response = json.indexOf('HTTP-Response-Metadata":{')
  if (response === -1) return { kind: json.includes('"Envelope":{') ? 'other' : 'bad' }
  const html = json.indexOf('HTML-Metadata":{', response)
  const first = json.indexOf(IMAGE, html)
  if (html === -1 || first === -1) return { kind: 'response', isHtml: html !== -1, page: null }
  const page = cutPage(json, response, html, first) ?? parsePage(json)
  return page === null ? { kind: 'bad' } : { kind: 'response', isHtml: true, page }
}

/** The quick way. @returns null where the slow one has to tell */
function cutPage(json: string, response: number, html: number, first: number): WatPage | null {
  if (CONSENT_HEADER.test(json.slice(response, html))) return null
  if (LICENSE.test(json) && LICENSE_LINK.test(json)) return null
  const origin = cutOrigin(json)
  const head = json.indexOf('Head":{', html)
  const links = json.indexOf('Links":[', html)
  const headEnd = links > head ? links : json.length
  const metas = head === -1 ? [] : cutMetas(json, head, headEnd)
  if (origin === null || metas === null) return null
  const content: PageContent = { imgs: 0, base: null, metas, images: [] }
  const base = head === -1 ? -1 : json.slice(head, headEnd).indexOf('Base":"')
  if (base !== -1) {
    const href = cutScalar(json, 'Base":', head + base)
    if (href === null) return null
    content.base = decode(href)
  }
  for (let at = first, end = 0; at !== -1; at = json.indexOf(IMAGE, end)) {
    PLAIN_IMAGE.lastIndex = at - PLAIN_IMAGE_START.length
    const plain = PLAIN_IMAGE.exec(json)
    if (plain !== null) {
      addImage(content, plain[1], plain[2], null)
      end = PLAIN_IMAGE.lastIndex
      continue
    }
    const link = cutObject(json, at, IMAGE)
    if (link?.object.path !== 'IMG@/src') return null
    addImage(content, link.object.url, link.object.alt, null)
    end = link.end
  }
  return { origin, content, headers: [] }
}

/** The flat object around the mark at `at`, and the position after it; null where it was not cut right. */
function cutObject(json: string, at: number, mark: string): { object: Json; end: number } | null {
  const start = json.lastIndexOf('{"', at)
  if (start === -1) return null
  const end = endOfFlat(json, at + mark.length - 1)
  if (end === -1) return null
  try {
    return { object: JSON.parse(json.slice(start, end)), end }
  } catch {
    return null
  }
}

/** Position after the first `"}` whose quotation mark is not escaped. */
function endOfFlat(json: string, from: number): number {
  for (let at = json.indexOf('"}', from); at !== -1; at = json.indexOf('"}', at + 1)) {
    let slashes = 0
    while (json.charCodeAt(at - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return at + 2
  }
  return -1
}

function cutMetas(json: string, from: number, to: number): [string, string][] | null {
  const metas: [string, string][] = []
  const key = '"name":"'
  const head = json.slice(from, to)
  for (let at = head.indexOf(key); at !== -1; at = head.indexOf(key, at + key.length)) {
    const start = at + key.length
    const end = head.indexOf('"', start)
    if (end - start > 64 || !isConsentMeta(head.slice(start, end))) continue
    const meta = cutObject(json, from + at, key)
    if (meta === null) return null
    addMeta(metas, meta.object)
  }
  return metas
}

/** Where the page's record lies in the WARC: three scalars, before or after the envelope. */
function cutOrigin(json: string): WatOrigin | null {
  const container = json.indexOf('Container":{')
  // a page can send headers of these names, which stand elsewhere
  const header = json.indexOf('WARC-Header-Metadata":{')
  if (container === -1 || header === -1) return null
  return originOf(
    cutScalar(json, '"WARC-Target-URI":', header),
    cutScalar(json, 'Filename":', container),
    cutScalar(json, 'Offset":', container),
    cutScalar(json, 'Deflate-Length":', container),
    cutScalar(json, '"WARC-Date":', header),
  )
}

/** A string or number after its key, null where there is none or it is written with escapes. */
function cutScalar(json: string, key: string, from: number): string | null {
  const at = json.indexOf(key, from)
  if (at === -1) return null
  PLAIN_SCALAR.lastIndex = at + key.length
  const match = PLAIN_SCALAR.exec(json)
  return match?.[1] ?? match?.[2] ?? null
}

function originOf(
  url: unknown,
  file: unknown,
  offset: unknown,
  length: unknown,
  date: unknown,
): WatOrigin | null {
  if (typeof url !== 'string' || url.length > MAX_PAGE_URL_CHARS || !/^https?:/i.test(url)) return null
  if (typeof file !== 'string' || file === '' || file.length > MAX_PAGE_URL_CHARS) return null
  const warcOffset = Number(offset)
  const warcLength = Number(length ?? 0)
  if (!Number.isSafeInteger(warcOffset) || !Number.isSafeInteger(warcLength)) return null
  return { url, warcPath: file, warcOffset, warcLength, date: readDate(date) }
}

/** The slow way. @returns null where the JSON is broken or lacks the page's place */
function parsePage(json: string): WatPage | null {
  let root: unknown
  try {
    root = JSON.parse(json)
  } catch {
    return null
  }
  const container = member(root, 'Container')
  const envelope = member(root, 'Envelope')
  const response = member(member(envelope, 'Payload-Metadata'), 'HTTP-Response-Metadata')
  const html = member(response, 'HTML-Metadata')
  const head = member(html, 'Head')
  const origin = originOf(
    member(envelope, 'WARC-Header-Metadata')['WARC-Target-URI'],
    container.Filename,
    container.Offset,
    member(container, 'Gzip-Metadata')['Deflate-Length'],
    member(envelope, 'WARC-Header-Metadata')['WARC-Date'],
  )
  if (origin === null) return null
  const content: PageContent = {
    imgs: 0,
    base: typeof head.Base === 'string' ? decode(head.Base) : null,
    metas: [],
    images: [],
  }
  for (const meta of objectsOf(head.Metas)) addMeta(content.metas, meta)
  let license: string | null = null
  for (const link of [...objectsOf(head.Link), ...objectsOf(html.Links)]) {
    if (link.path === 'IMG@/src') addImage(content, link.url, link.alt, license)
    else if (typeof link.rel === 'string' && isLicense(decode(link.rel)) && typeof link.url === 'string') {
      license = decode(link.url).slice(0, MAX_RAW_URL_CHARS)
    }
  }
  const headers = Object.entries(member(response, 'Headers'))
    .filter(([name]) => CONSENT_HEADERS.includes(name.toLowerCase()))
    .flatMap(([name, value]) => [value].flat().map((line) => [name.toLowerCase(), line]))
  return { origin, content, headers: headers.filter(isLine) }
}

function addImage(content: PageContent, url: unknown, alt: unknown, license: string | null): void {
  const ordinal = content.imgs++
  if (typeof url !== 'string' || typeof alt !== 'string' || alt === '' || url.trim() === '') return
  if (content.images.length >= MAX_CANDIDATES_PER_PAGE) return
  content.images.push({
    ordinal,
    address: decode(url.slice(0, MAX_RAW_URL_CHARS)),
    text: decode(alt.slice(0, MAX_RAW_TEXT_CHARS)),
    license,
  })
}

function isLine(header: unknown[]): header is [string, string] {
  return typeof header[1] === 'string'
}

function addMeta(metas: [string, string][], meta: Json): void {
  if (typeof meta.name !== 'string' || typeof meta.content !== 'string' || !isConsentMeta(meta.name)) return
  metas.push([meta.name.trim().toLowerCase(), decode(meta.content)])
}

function decode(value: string): string {
  return value.includes('&') ? decodeHTMLAttribute(value) : value
}

function member(value: unknown, name: string): Json {
  const found = (value as Json | null | undefined)?.[name]
  return typeof found === 'object' && found !== null ? (found as Json) : {}
}

function objectsOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : []
}
