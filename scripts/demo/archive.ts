import { createHash } from 'node:crypto'
import { brotliCompressSync, crc32, deflateRawSync } from 'node:zlib'
import { Parser } from 'htmlparser2'
import type { DemoPage } from './page.ts'

/** When the demo's crawl is said to have been: fixed, so that the files never change. */
const CRAWLED = new Date('2026-01-15T10:00:00Z')

/** A picture, or anything else, that lies in the WARC as a response record of its own. */
export interface ArchivedResponse {
  url: string
  status: number
  headers: [string, string][]
  body: Buffer
}

export type Entry =
  | { kind: 'page'; page: DemoPage }
  | { kind: 'response'; response: ArchivedResponse }
  /** bytes that are no record at all */
  | { kind: 'damage'; bytes: Buffer }

export interface Written {
  warc: Buffer
  wat: Buffer
  /** by page URL: where its response record lies */
  places: Map<string, { offset: number; length: number }>
  /** where the first record of each entry begins */
  starts: number[]
}

/** A WARC and the WAT of it, each record a gzip member of its own, as Common Crawl writes them. */
export function writeArchive(name: string, entries: Entry[]): Written {
  const warc: Buffer[] = []
  const wat: Buffer[] = []
  const places: Written['places'] = new Map()
  const starts: number[] = []
  let offset = 0
  let seconds = 0

  const append = (bytes: Buffer) => {
    warc.push(bytes)
    offset += bytes.length
  }
  /** one record into the WARC, and what a WAT says of it into the WAT */
  const record = (
    type: string,
    url: string | null,
    headers: [string, string][],
    body: Buffer,
    payload: object,
  ) => {
    const date = new Date(CRAWLED.getTime() + 1000 * seconds).toISOString().replace('.000', '')
    const id = recordId(`${type} ${url ?? name} ${offset}`)
    const all: [string, string][] = [
      ['WARC-Type', type],
      ['WARC-Date', date],
      ['WARC-Record-ID', id],
      ['Content-Length', String(body.length)],
      ...headers,
      ...(url === null ? [] : [['WARC-Target-URI', url] as [string, string]]),
      ['WARC-Block-Digest', sha1(body)],
    ]
    const head = headerBlock('WARC/1.0', all)
    const raw = Buffer.concat([head, body, Buffer.from('\r\n\r\n')])
    const member = gzipMember(raw)
    const container = {
      Filename: `${name}.warc.gz`,
      Compressed: true,
      Offset: String(offset),
      'Gzip-Metadata': {
        'Deflate-Length': String(member.length),
        'Header-Length': '10',
        'Footer-Length': '8',
        'Inflated-CRC': String(crc32(raw) | 0),
        'Inflated-Length': String(raw.length),
      },
    }
    const envelope = {
      Format: 'WARC/1.0',
      'WARC-Header-Length': String(head.length),
      'WARC-Header-Metadata': Object.fromEntries(all),
      'Payload-Metadata': payload,
    }
    const json = Buffer.from(JSON.stringify({ Container: container, Envelope: envelope }))
    const watHead = headerBlock('WARC/1.0', [
      ['WARC-Type', 'metadata'],
      ['WARC-Target-URI', url ?? `${name}.warc.gz`],
      ['WARC-Date', date],
      ['WARC-Record-ID', recordId(`wat ${id}`)],
      ['WARC-Refers-To', id],
      ['Content-Type', 'application/json'],
      ['Content-Length', String(json.length)],
    ])
    wat.push(gzipMember(Buffer.concat([watHead, json, Buffer.from('\r\n\r\n')])))
    const place = { offset, length: member.length }
    append(member)
    return place
  }

  const info = Buffer.from(
    'isPartOf: shoal-demo\r\npublisher: Shoal\r\ndescription: a made-up crawl of made-up sites\r\nformat: WARC File Format 1.0\r\n',
  )
  record(
    'warcinfo',
    null,
    [
      ['Content-Type', 'application/warc-fields'],
      ['WARC-Filename', `${name}.warc.gz`],
    ],
    info,
    {
      'Actual-Content-Type': 'application/warc-fields',
    },
  )

  /** request, response and metadata records of one address */
  const visit = (
    url: string,
    status: number,
    headers: [string, string][],
    body: Buffer,
    html: object | null,
  ) => {
    seconds++
    const { host, pathname, search } = new URL(url)
    const asked = headerBlock(`GET ${pathname}${search} HTTP/1.1`, [
      ['User-Agent', 'CCBot/2.0 (https://commoncrawl.org/faq/)'],
      ['Host', host],
      ['Connection', 'Keep-Alive'],
    ])
    const http = (msgtype: string): [string, string][] => [
      ['Content-Type', `application/http; msgtype=${msgtype}`],
    ]
    record('request', url, http('request'), asked, {
      'Actual-Content-Type': 'application/http; msgtype=request',
      'HTTP-Request-Metadata': { 'Request-Message': { Method: 'GET', Path: pathname, Version: 'HTTP/1.1' } },
    })
    const reason = status === 200 ? 'OK' : 'Not Found'
    const head = headerBlock(`HTTP/1.1 ${status} ${reason}`, headers)
    const place = record('response', url, http('response'), Buffer.concat([head, body]), {
      'Actual-Content-Type': 'application/http; msgtype=response',
      'HTTP-Response-Metadata': {
        'Response-Message': { Status: String(status), Version: 'HTTP/1.1', Reason: reason },
        'Headers-Length': String(head.length),
        Headers: Object.fromEntries(headers),
        ...(html === null ? {} : { 'HTML-Metadata': html }),
        'Entity-Length': String(body.length),
      },
    })
    record(
      'metadata',
      url,
      [['Content-Type', 'application/warc-fields']],
      Buffer.from('fetchTimeMs: 120\r\n'),
      {
        'Actual-Content-Type': 'application/metadata-fields',
      },
    )
    return place
  }

  for (const entry of entries) {
    starts.push(offset)
    if (entry.kind === 'damage') append(entry.bytes)
    else if (entry.kind === 'response') {
      const { url, status, headers, body } = entry.response
      visit(url, status, [...headers, ['Content-Length', String(body.length)]], body, null)
    } else {
      const { page } = entry
      const [codingHeaders, body] = encodeBody(page.coding, encodeText(page.html, page.charset))
      const headers: [string, string][] = [['Server', 'made-up'], ...page.headers, ...codingHeaders]
      places.set(page.url, visit(page.url, 200, headers, body, describeHtml(page.html)))
    }
  }
  return { warc: Buffer.concat(warc), wat: Buffer.concat(wat), places, starts }
}

/** A gzip member (RFC 1952) with a header that is the same on every system. */
export function gzipMember(bytes: Buffer): Buffer {
  const footer = Buffer.alloc(8)
  footer.writeUInt32LE(crc32(bytes), 0)
  footer.writeUInt32LE(bytes.length, 4)
  const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
  return Buffer.concat([header, deflateRawSync(bytes, { level: 9 }), footer])
}

function headerBlock(first: string, headers: [string, string][]): Buffer {
  return Buffer.from(
    `${[first, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`,
  )
}

function recordId(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return `<urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}>`
}

function sha1(bytes: Buffer): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const digest = BigInt(`0x${createHash('sha1').update(bytes).digest('hex')}`)
  let text = ''
  for (let i = 0n; i < 32n; i++) text = letters[Number((digest >> (5n * i)) & 31n)] + text
  return `sha1:${text}`
}

function encodeBody(coding: DemoPage['coding'], body: Buffer): [[string, string][], Buffer] {
  const length = (bytes: Buffer): [string, string] => ['Content-Length', String(bytes.length)]
  if (coding === 'plain') return [[length(body)], body]
  if (coding === 'chunked') return [[['Transfer-Encoding', 'chunked']], chunk(body)]
  const encoded = coding === 'br' ? brotliCompressSync(body) : gzipMember(body)
  const header: [string, string] = ['Content-Encoding', coding === 'br' ? 'br' : 'gzip']
  return coding === 'gzip-chunked'
    ? [[header, ['Transfer-Encoding', 'chunked']], chunk(encoded)]
    : [[header, length(encoded)], encoded]
}

function chunk(body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; at += 700) {
    const part = body.subarray(at, at + 700)
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

/** Text to bytes by turning the platform's decoder round: one and two bytes at a time. */
function encodeText(text: string, charset: string): Buffer {
  if (charset.toLowerCase() === 'utf-8') return Buffer.from(text)
  const decoder = new TextDecoder(charset)
  const table = new Map<string, number[]>()
  const note = (...bytes: number[]) => {
    const char = decoder.decode(Uint8Array.from(bytes))
    if ([...char].length === 1 && char !== '\ufffd' && !table.has(char)) table.set(char, bytes)
  }
  for (let byte = 0; byte < 256; byte++) note(byte)
  if (charset.toLowerCase() === 'shift_jis') {
    for (let lead = 0x81; lead < 0xfd; lead++) for (let trail = 0x40; trail < 0xfd; trail++) note(lead, trail)
  }
  return Buffer.from(
    [...text].flatMap((char) => {
      const bytes = table.get(char)
      if (bytes === undefined) throw new Error(`${charset} has no ${char}`)
      return bytes
    }),
  )
}

/** What a WAT holds of a page: Common Crawl leaves entities in attributes as they stand. */
function describeHtml(html: string): object {
  const head: Record<string, unknown> = {}
  const metas: object[] = []
  const styles: object[] = []
  const links: object[] = []
  let inTitle = false
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        inTitle = name === 'title'
        const { src, href, rel, alt, title } = attributes
        if (name === 'meta') metas.push(attributes)
        else if (name === 'base') head.Base = href
        else if (name === 'link') styles.push({ path: 'LINK@/href', url: href, rel })
        else if (name === 'a' && href !== undefined) links.push({ path: 'A@/href', url: href, rel })
        else if (name === 'img' && src !== undefined) links.push({ path: 'IMG@/src', url: src, alt, title })
      },
      ontext(text) {
        if (inTitle) head.Title = text
      },
      onclosetag() {
        inTitle = false
      },
    },
    { decodeEntities: false },
  )
  parser.end(html)
  return { Head: { ...head, Metas: metas, Link: styles }, Links: links }
}
