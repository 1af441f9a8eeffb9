import { hash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { CODECS, SHA2_256 } from '../../protocol/codec.ts'

/** The digest within a record's id; all else of the id is the same for every record. */
export function digestOfId(id: CID): Uint8Array {
  return id.multihash.digest
}

export function idOfDigest(digest: Uint8Array): CID {
  return CID.createV1(CODECS['dag-cbor'], createDigest(SHA2_256, digest))
}

export function digestOfRecord(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'))
}

/** For maps. */
export function nameOfDigest(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString('latin1')
}
