import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createUnzip } from 'node:zlib'
import { type Failure, failure } from '../web/web.ts'

/** Not everybody heeds `Accept-Encoding: identity`: what comes encoded is inflated under the same limit. */
const DECODERS = {
  gzip: createUnzip,
  'x-gzip': createUnzip,
  deflate: createUnzip,
  br: createBrotliDecompress,
}

/** Bytes that come before room is made for all: few servers send more, and some only say that they will. */
const FIRST_BYTES = 1024 * 1024
/** Bytes that are reserved for a body of unknown length; twice as many each time that they don't suffice. */
const FIRST_GUESS_BYTES = 64 * 1024

/**
 * Read a response's body, inflating it where it comes encoded, and never more than `maxBytes` of the result.
 *
 * @param header - `Content-Encoding` and `Content-Length`
 * @param cut - whether a longer body is cut there; otherwise it is refused as `image_bytes`
 * @param makeRoom - asked before so many bytes, in all, are held in memory; meanwhile the server waits
 * @throws what the stream and `makeRoom` throw
 */
export async function readBody(
  body: Readable,
  header: { encoding: string | undefined; length: string | undefined },
  { maxBytes, cut }: { maxBytes: number; cut: boolean },
  makeRoom: (bytes: number) => Promise<void>,
): Promise<Uint8Array | Failure> {
  const name = header.encoding?.trim().toLowerCase() || 'identity'
  if (name !== 'identity' && !Object.hasOwn(DECODERS, name)) {
    body.destroy()
    return failure('image_format', `content-encoding: ${name.slice(0, 40)}`)
  }
  const length = name === 'identity' ? Number(header.length ?? Number.NaN) : Number.NaN
  const most = length <= maxBytes ? length : maxBytes
  let room = Math.min(FIRST_BYTES, most)
  await makeRoom(room)
  // one buffer, not a list of pieces to be joined: that would hold every picture twice
  let memory = new ArrayBuffer(Number.isNaN(length) ? Math.min(FIRST_GUESS_BYTES, room) : room)
  let size = 0
  const full = new Error('the body is longer than the limit')
  const gather = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      const end = Math.min(size + chunk.length, most)
      if (end > room) {
        room = most
        await makeRoom(room)
      }
      if (end > memory.byteLength) {
        memory = memory.transfer(
          length === most ? most : Math.min(most, Math.max(end, 2 * memory.byteLength)),
        )
      }
      new Uint8Array(memory).set(chunk.subarray(0, end - size), size)
      if (size + chunk.length > most) throw full
      size = end
    }
  }
  try {
    if (name === 'identity') await pipeline(body, gather)
    else await pipeline(body, DECODERS[name as keyof typeof DECODERS](), gather)
  } catch (error) {
    if (error !== full) throw error
    if (!cut) return failure('image_bytes', `more than ${maxBytes} bytes`)
    size = most
  }
  return new Uint8Array(memory.transfer(size))
}
