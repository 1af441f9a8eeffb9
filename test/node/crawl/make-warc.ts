import { gzipSync } from 'node:zlib'

/** One WARC record; fields given replace the usual ones, and those that are null are left out. */
export function warcRecord(block: string | Buffer, fields: Record<string, string | null> = {}): Buffer {
  const bytes = Buffer.from(block)
  const all: Record<string, string | null> = {
    'WARC-Type': 'response',
    'WARC-Date': '2024-05-18T01:58:10Z',
    'WARC-Target-URI': 'http://site.example/page',
    'Content-Type': 'application/http; msgtype=response',
    'Content-Length': String(bytes.length),
    ...fields,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]))
  return Buffer.concat([
    Buffer.from(`WARC/1.0\r\n${lines.join('\r\n')}\r\n\r\n`),
    bytes,
    Buffer.from('\r\n\r\n'),
  ])
}

export function httpResponse(
  body: string | Buffer,
  headers: Record<string, string> = {},
  status = 200,
): Buffer {
  const all = { 'Content-Type': 'text/html; charset=utf-8', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} OK\r\n${lines.join('\r\n')}\r\n\r\n`),
    Buffer.from(body),
  ])
}

export const warcinfo = () =>
  warcRecord('software: test\r\n', { 'WARC-Type': 'warcinfo', 'Content-Type': 'application/warc-fields' })

/** A page with `count` pictures whose texts name the page. */
export function pageRecord(name: string, count = 1, filler = ''): Buffer {
  const images = Array.from(
    { length: count },
    (_, i) => `<img src="/${name}-${i}.jpg" alt="picture ${i} of page ${name}">`,
  )
  return warcRecord(httpResponse(`<html><body>${filler}${images.join('')}</body></html>`), {
    'WARC-Target-URI': `http://site.example/${name}`,
  })
}

/** Text that compresses badly, the same for the same seed. */
export function noise(seed: number, length: number): string {
  let state = seed
  let text = ''
  while (text.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    text += state.toString(36)
  }
  return text.slice(0, length)
}

/** Each record a member of its own. */
export function gzipEach(records: Buffer[]): Buffer {
  return Buffer.concat(records.map((record) => gzipSync(record)))
}
