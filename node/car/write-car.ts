import { varint } from 'multiformats'
import type { CID } from 'multiformats/cid'
import { encode } from '../../protocol/codec.ts'
import type { Block } from './walk-blocks.ts'

/**
 * Blocks as CAR v1 (https://ipld.io/specs/transport/car/carv1/), as fast as it is read: it keeps none.
 *
 * @param roots - at least one, as the specification asks
 */
export async function* writeCar(
  roots: readonly CID[],
  blocks: AsyncIterable<Block>,
): AsyncGenerator<Uint8Array> {
  const header = encode({ version: 1, roots })
  yield prefixed(header.length, header)
  for await (const { cid, bytes } of blocks) {
    yield prefixed(cid.bytes.length + bytes.length, cid.bytes)
    if (bytes.length > 0) yield bytes
  }
}

function prefixed(length: number, bytes: Uint8Array): Uint8Array {
  const size = varint.encodingLength(length)
  const part = new Uint8Array(size + bytes.length)
  varint.encodeTo(length, part)
  part.set(bytes, size)
  return part
}
