import { gzipSync } from 'node:zlib'

const WORDS = 3_000
const SYLLABLES = 'an be co di el fa go hi in ka lo ma ne or pa ri sa te un ve'.split(' ')
const TOPICS =
  'dog,cat,bench,garden,mountain,bridge,kitchen,car,bicycle,beach,house,tree,river,street,flower'.split(',')
const SHAPES = [
  'a photo of a T by the T',
  'T and T in the evening light',
  'Large T with two T',
  'How to paint a T, step 3',
]

/** Text and links as they are on web pages, the same for the same seed. */
function startWriter(seed: number) {
  const random = createRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const syllables = () => SYLLABLES[below(SYLLABLES.length)] as string
  const words = Array.from({ length: WORDS }, () => Array.from({ length: 1 + below(4) }, syllables).join(''))
  // few words are frequent, most are rare
  const word = () => words[Math.floor(WORDS * random() ** 4)] as string
  const phrase = (count: number) => Array.from({ length: count }, word).join(' ')
  const hex = (digits: number) => Array.from({ length: digits }, () => below(16).toString(16)).join('')
  const alt = () =>
    (SHAPES[below(SHAPES.length)] as string).replace(/T/g, () => TOPICS[below(TOPICS.length)] as string)
  const file = () => `${word()}-${word()}-${below(30)}-${100 * (3 + below(9))}x${100 * (2 + below(6))}.jpg`
  let site = ''
  /** pages of a site hold its own pictures for the most part */
  const enterSite = () => {
    site = `https://www.${word()}${word()}.com`
    return `${site}/${word()}/${hex(6)}`
  }
  const image = () => {
    const place = below(10)
    if (place < 5) return `${site}/files/${below(1000)}/${file()}`
    if (place < 8) return `/wp-content/uploads/20${10 + below(15)}/0${1 + below(9)}/${file()}`
    return place === 8 ? `images/${file()}?v=${below(1000)}` : `//static.${site.slice(12)}/${file()}`
  }
  return { below, word, phrase, hex, alt, image, enterSite }
}

type Writer = ReturnType<typeof startWriter>

/**
 * A WAT of about `bytes` inflated, each record a gzip member, as Common Crawl's: for each page the metadata of its
 * request, its response and its fetching; 24 images a page, 18 with alt text, 70 other links: 1.2 KB for a pair.
 */
export function generateWat(seed: number, bytes: number): Buffer {
  const writer = startWriter(seed)
  const members: Buffer[] = []
  for (let length = 0, offset = 0; length < bytes; offset += 20_000) {
    const url = writer.enterSite()
    for (const payload of [
      requestMetadata(writer),
      responseMetadata(writer),
      { 'WARC-Metadata-Metadata': {} },
    ]) {
      const text = record(
        'metadata',
        url,
        'application/json',
        JSON.stringify(envelope(writer, url, offset, payload)),
      )
      length += text.length
      members.push(gzipSync(text))
    }
  }
  return Buffer.concat(members)
}

/** A WARC of about `bytes` inflated, each record a gzip member: pages of 50 to 150 KB, as the web's are. */
export function generateWarc(seed: number, bytes: number): Buffer {
  const writer = startWriter(seed)
  const members: Buffer[] = []
  for (let length = 0; length < bytes; ) {
    const url = writer.enterSite()
    const http = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nServer: nginx\r\n\r\n${page(writer)}`
    const text = record('response', url, 'application/http; msgtype=response', http)
    length += text.length
    members.push(gzipSync(text))
  }
  return Buffer.concat(members)
}

/** One WARC record. */
export function record(type: string, url: string, contentType: string, block: string | Buffer): Buffer {
  const bytes = Buffer.from(block)
  const head = `WARC/1.0\r\nWARC-Type: ${type}\r\nWARC-Target-URI: ${url}\r\nWARC-Date: 2024-05-31T01:17:49Z\r\nWARC-Record-ID: <urn:uuid:3d3f4785-c69a-4f8c-968c-d23302c55ef4>\r\nContent-Type: ${contentType}\r\nContent-Length: ${bytes.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n\r\n')])
}

function envelope(writer: Writer, url: string, offset: number, payload: object): object {
  const length = String(15_000 + writer.below(5_000))
  return {
    Container: {
      Filename: 'CC-MAIN-20240517233122-20240518023122-00000.warc.gz',
      Compressed: true,
      Offset: String(offset),
      'Gzip-Metadata': { 'Deflate-Length': length, 'Header-Length': '10', 'Inflated-CRC': '1106529533' },
    },
    Envelope: {
      'Payload-Metadata': payload,
      Format: 'WARC/1.0',
      'WARC-Header-Metadata': {
        'WARC-Type': 'response',
        'WARC-Target-URI': url,
        'WARC-Date': '2024-05-18T01:58:10Z',
      },
      'Block-Digest': `sha1:${writer.hex(32).toUpperCase()}`,
    },
  }
}

function requestMetadata(writer: Writer): object {
  const headers = { 'User-Agent': 'CCBot/2.0 (https://commoncrawl.org/faq/)', 'Accept-Encoding': 'br,gzip' }
  return {
    'HTTP-Request-Metadata': {
      Headers: headers,
      'Request-Message': { Method: 'GET', Path: `/${writer.word()}` },
    },
  }
}

function responseMetadata(writer: Writer): object {
  const { below, word, phrase, hex, alt, image } = writer
  const links: object[] = []
  for (let i = 0; i < 94; i++) {
    if (i % 4 !== 0)
      links.push({ path: 'A@/href', url: `/${word()}/${word()}-${word()}`, text: phrase(1 + below(5)) })
    else if (i % 16 === 0) links.push({ path: 'IMG@/src', url: image() })
    else links.push({ path: 'IMG@/src', url: image(), alt: alt() })
  }
  const metas = [
    { name: 'viewport', content: 'width=device-width, initial-scale=1' },
    { name: 'description', content: phrase(20) },
    { name: 'robots', content: 'index, follow, max-image-preview:large' },
    ...Array.from({ length: 8 }, () => ({ property: `og:${word()}`, content: phrase(4) })),
  ]
  const scripts = Array.from({ length: 12 }, () => ({
    path: 'SCRIPT@/src',
    url: `/js/${word()}.${hex(8)}.js`,
  }))
  return {
    'HTTP-Response-Metadata': {
      'Response-Message': { Status: '200', Version: 'HTTP/1.1', Reason: 'OK' },
      Headers: {
        Date: 'Sat, 18 May 2024 01:58:10 GMT',
        'Content-Type': 'text/html; charset=UTF-8',
        Server: 'nginx',
      },
      'HTML-Metadata': { Head: { Metas: metas, Title: phrase(6), Scripts: scripts }, Links: links },
    },
  }
}

function page(writer: Writer): string {
  const { below, word, phrase, hex, alt, image } = writer
  const script = `<script>window.${word()} = ${JSON.stringify(Array.from({ length: 200 }, word))};</script>`
  const parts = [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${phrase(6)}</title>`,
    `<meta name="robots" content="index, follow"><link rel="stylesheet" href="/css/${hex(8)}.css">${script}</head><body>`,
  ]
  for (let block = 0; block < 60 + below(120); block++) {
    parts.push(`<div class="${word()} ${word()}" id="b${hex(4)}"><h3 class="title">${phrase(5)}</h3>`)
    parts.push(
      `<p>${phrase(40)} <a href="/${word()}/${hex(4)}" class="link">${phrase(3)}</a> ${phrase(20)} &amp; ${word()}</p>`,
    )
    if (block % 4 === 0)
      parts.push(`<img class="photo" width="640" src="${image()}" alt="${alt()}" loading="lazy">`)
    parts.push(`<ul>${`<li class="item"><a href="/${word()}">${phrase(2)}</a></li>`.repeat(4)}</ul></div>`)
  }
  parts.push('</body></html>')
  return parts.join('\n')
}

/** mulberry32: 32 bits of state are enough to write pages. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
