import * as dagCbor from '@ipld/dag-cbor'
import { sha256 } from '@noble/hashes/sha2.js'
import { decode as decodeCbor } from 'cborg'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { ShoalError } from './errors.ts'
import { MAX_RECORD_BYTES } from './limits.ts'

/** Multicodec codes: https://github.com/multiformats/multicodec/blob/master/table.csv */
export const CODECS = { 'dag-cbor': 0x71, raw: 0x55, 'dag-pb': 0x70 } as const
export const SHA2_256 = 0x12

/**
 * A value of the IPLD data model as canonical DAG-CBOR (https://ipld.io/specs/codecs/dag-cbor/spec/).
 * Numbers follow JavaScript: one without a fraction, up to 2^53 - 1, is always an integer, never a float.
 *
 * @throws ShoalError `codec_unencodable` for what DAG-CBOR can't hold or `decode` would refuse
 *   (undefined, NaN, functions, a text with a leading byte order mark), `codec_oversize`
 */
export function encode(value: unknown): Uint8Array {
  let bytes: Uint8Array
  try {
    // a copy: the encoder gives Buffers at times, and views of memory that it shares
    bytes = new Uint8Array(dagCbor.encode(value))
  } catch (cause) {
    throw new ShoalError('codec_unencodable', `this value is no DAG-CBOR: ${(cause as Error).message}`, {
      cause,
    })
  }
  try {
    decode(bytes)
  } catch (cause) {
    if ((cause as ShoalError).code === 'codec_oversize') throw cause
    throw new ShoalError('codec_unencodable', 'this value can not be read back from DAG-CBOR', { cause })
  }
  return bytes
}

/**
 * The value of canonical DAG-CBOR bytes: one value has one encoding, so that a record has one CID.
 * Integers beyond 2^53 come as bigint.
 *
 * @throws ShoalError `codec_oversize` beyond MAX_RECORD_BYTES; `codec_malformed` for what is no DAG-CBOR;
 *   `codec_not_canonical` for anything that does not re-encode to the same bytes
 */
export function decode(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_RECORD_BYTES) {
    throw new ShoalError(
      'codec_oversize',
      `${bytes.length} bytes are more than a record's ${MAX_RECORD_BYTES}`,
    )
  }
  let value: unknown
  let again: Uint8Array
  try {
    value = decodeCbor(bytes, LENIENT)
    // in here too: nesting that can be read may still be too deep to write
    again = dagCbor.encode(value)
  } catch (cause) {
    throw new ShoalError('codec_malformed', `these bytes are no DAG-CBOR: ${(cause as Error).message}`, {
      cause,
    })
  }
  if (!equalBytes(bytes, again)) {
    throw new ShoalError('codec_not_canonical', 'these bytes are not the canonical DAG-CBOR of their value')
  }
  return value
}

/** What is CBOR of the right kind but spelt wrongly is read first, so that it is told from garbage. */
const LENIENT = {
  ...dagCbor.decodeOptions,
  strict: false,
  allowIndefinite: true,
  rejectDuplicateMapKeys: false,
}

/** The CIDv1 of a block, by sha2-256. */
export function cidOf(block: Uint8Array, codec: 'dag-cbor' | 'raw' = 'dag-cbor'): CID {
  return CID.createV1(CODECS[codec], createDigest(SHA2_256, sha256(block)))
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
