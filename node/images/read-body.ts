import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createUnzip } from 'node:zlib'
import { type Failure, failure } from './failure.ts'

/** Not everybody heeds `Accept-Encoding: identity`: what comes encoded is inflated under the same limit. */
const DECODERS = {
  gzip: createUnzip,
  'x-gzip': createUnzip,
  deflate: createUnzip,
  br: createBrotliDecompress,
}

/**
 * Read a response's body, inflating it where it comes encoded, and never more than `maxBytes` of the result.
 *
 * @param encoding - the `Content-Encoding` header
 * @param cut - whether a longer body is cut there; otherwise it is refused as `image_bytes`
 * @throws what the stream throws
 */
export async function readBody(
  body: Readable,
  encoding: string | undefined,
  { maxBytes, cut }: { maxBytes: number; cut: boolean },
): Promise<Uint8Array | Failure> {
  const name = encoding?.trim().toLowerCase() || 'identity'
  if (name !== 'identity' && !Object.hasOwn(DECODERS, name)) {
    body.destroy()
    return failure('image_format', `content-encoding: ${name.slice(0, 40)}`)
  }
  const chunks: Buffer[] = []
  let size = 0
  const full = new Error('the body is longer than the limit')
  const gather = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      chunks.push(chunk)
      size += chunk.length
      if (size > maxBytes) throw full
    }
  }
  try {
    if (name === 'identity') await pipeline(body, gather)
    else await pipeline(body, DECODERS[name as keyof typeof DECODERS](), gather)
  } catch (error) {
    if (error !== full) throw error
    if (!cut) return failure('image_bytes', `more than ${maxBytes} bytes`)
  }
  return chunks.length === 1 && size <= maxBytes
    ? chunks[0]!
    : Buffer.concat(chunks, Math.min(size, maxBytes))
}
