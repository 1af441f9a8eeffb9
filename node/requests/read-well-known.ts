import { request } from 'undici'
import { HEADERS_TIMEOUT_MS, MAX_REDIRECTS } from '../../protocol/limits.ts'
import type { Web } from '../components.ts'
import { describeError } from '../web/web.ts'

export const WELL_KNOWN = '/.well-known/shoal-removal.txt'
/** Bytes of the file: some thousand requests. */
const MAX_BYTES = 64 * 1024
/** Milliseconds for it with its redirects. */
const TOTAL_MS = 15_000
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * The file by which a host speaks of removals (RFC 8615), over https, and where that can't be had over http. It is read
 * from the host itself alone: one that sends elsewhere is followed from http to https and from path to path, no further.
 *
 * @returns its lines, or in a word why there are none
 */
export async function readWellKnown(
  host: string,
  { web, userAgent }: { web: Web; userAgent: string },
): Promise<string[] | string> {
  const signal = AbortSignal.timeout(TOTAL_MS)
  let why = ''
  for (const scheme of ['https', 'http']) {
    const read = await readFrom(`${scheme}://${host}${WELL_KNOWN}`, { web, userAgent }, signal)
    if (typeof read !== 'string') return read
    why = read
  }
  return why
}

async function readFrom(
  address: string,
  { web, userAgent }: { web: Web; userAgent: string },
  signal: AbortSignal,
): Promise<string[] | string> {
  let target = address
  for (let i = 0; i <= MAX_REDIRECTS; i++) {
    const url = web.judge(target)
    if (!(url instanceof URL)) return url.detail
    try {
      const { statusCode, headers, body } = await request(url, {
        dispatcher: web.dispatcher,
        headers: { 'user-agent': userAgent, accept: 'text/plain', 'accept-encoding': 'identity' },
        ...{ headersTimeout: HEADERS_TIMEOUT_MS, bodyTimeout: HEADERS_TIMEOUT_MS, signal },
      })
      body.on('error', () => {})
      if (statusCode === 200) return await readLines(body)
      body.destroy()
      const next = REDIRECTS.has(statusCode) ? URL.parse(String(headers.location), url.href) : null
      if (next === null) return `HTTP status ${statusCode}`
      if (next.hostname !== url.hostname) return 'it sends to another host'
      target = next.href
    } catch (error) {
      if (signal.aborted) return 'no answer in time'
      const { outcome, detail } = describeError(error)
      return `${outcome}: ${detail}`
    }
  }
  return 'too many redirects'
}

async function readLines(body: AsyncIterable<Buffer>): Promise<string[]> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of body) {
    parts.push(part)
    bytes += part.length
    if (bytes > MAX_BYTES) break
  }
  const text = new TextDecoder().decode(Buffer.concat(parts).subarray(0, MAX_BYTES))
  return text.split(/\r\n|\r|\n/).map((line) => line.trim())
}
