import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib'
import { MAX_HEADER_BYTES } from './limits.ts'
import { findHeaderEnd, splitFields } from './warc-record.ts'

/** An HTTP response as a WARC holds it, its body as it was on the wire. */
export interface HttpResponse {
  status: number
  /** names in lower case, in order, repeated where the server repeated them */
  headers: [string, string][]
  body: Buffer
}

/** A body that inflates beyond its limit. */
export class BodyTooLarge extends Error {}

/** @returns null where the block is no HTTP response */
export function readHttpResponse(block: Buffer): HttpResponse | null {
  const status = /^(?:HTTP\/\d(?:\.\d)?|ICY)[ \t]+(\d{3})(?!\d)/i.exec(block.toString('latin1', 0, 64))?.[1]
  if (status === undefined) return null
  let end = findHeaderEnd(block, 0)
  if (end === -1) {
    if (block.length > MAX_HEADER_BYTES) return null
    end = block.length
  }
  return {
    status: Number(status),
    headers: splitFields(block.toString('latin1', 0, end)),
    body: block.subarray(end),
  }
}

/** The value of the first header of that name (lower case). */
export function headerOf(response: HttpResponse, name: string): string | null {
  return response.headers.find(([key]) => key === name)?.[1] ?? null
}

/**
 * The body without chunks and content encodings. Archives often store the decoded body under headers that still
 * speak of the wire, so a header is believed only where the body bears it out; a body that breaks off gives what
 * it gives.
 *
 * @throws BodyTooLarge where it would be longer than `maxBytes`
 */
export function decodeBody(response: HttpResponse, maxBytes: number): Buffer {
  let body = response.body
  if (/\bchunked\b/i.test(headerOf(response, 'transfer-encoding') ?? '')) body = joinChunks(body) ?? body
  const encodings = (headerOf(response, 'content-encoding') ?? '').toLowerCase().split(',')
  for (const encoding of encodings.slice(0, 3).reverse())
    body = inflate(body, encoding.trim(), maxBytes) ?? body
  if (body.length > maxBytes) throw new BodyTooLarge()
  return body
}

/** RFC 9112, 7.1. @returns null where the body isn't chunked */
function joinChunks(body: Buffer): Buffer | null {
  const chunks: Buffer[] = []
  let at = 0
  while (at < body.length) {
    const line = /^[ \t]*([0-9a-f]{1,8})[ \t]*(?:;[^\n]*)?\r?\n/i.exec(body.toString('latin1', at, at + 256))
    const size = Number.parseInt(line?.[1] ?? '', 16)
    if (line === null) return chunks.length === 0 ? null : Buffer.concat(chunks)
    if (size === 0) break
    const start = at + line[0].length
    chunks.push(body.subarray(start, start + size))
    at = start + size
    if (body[at] === 13) at++
    if (body[at] === 10) at++
    else if (at < body.length && chunks.length === 1) return null
  }
  return Buffer.concat(chunks)
}

/** @returns null where the body isn't encoded so, whatever its header says */
function inflate(body: Buffer, encoding: string, maxOutputLength: number): Buffer | null {
  const options = { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH }
  try {
    if (encoding === 'gzip' || encoding === 'x-gzip') {
      return body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body, options) : null
    }
    if (encoding === 'deflate') {
      // RFC 9110 means zlib's format; some servers send the bare one
      const isZlib = ((body[0] ?? 0) & 0x0f) === 8 && body.length > 1 && body.readUInt16BE(0) % 31 === 0
      return isZlib ? inflateSync(body, options) : looksLikeText(body) ? null : inflateRawSync(body, options)
    }
    if (encoding === 'br') {
      const finishFlush = constants.BROTLI_OPERATION_FLUSH
      return looksLikeText(body)
        ? null
        : nonEmpty(brotliDecompressSync(body, { maxOutputLength, finishFlush }))
    }
    if (encoding === 'zstd') {
      const finishFlush = constants.ZSTD_e_flush
      return body.indexOf('\x28\xb5\x2f\xfd', 0, 'latin1') === 0
        ? zstdDecompressSync(body, { maxOutputLength, finishFlush })
        : null
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new BodyTooLarge()
  }
  return null
}

/** Neither bare deflate nor Brotli has a magic; what begins as markup is neither. */
function looksLikeText(body: Buffer): boolean {
  return /^(?:\xef\xbb\xbf)?\s*</.test(body.toString('latin1', 0, 64))
}

function nonEmpty(bytes: Buffer): Buffer | null {
  return bytes.length === 0 ? null : bytes
}
