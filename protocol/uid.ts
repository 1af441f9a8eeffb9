import { encode } from '@ipld/dag-cbor'

/** Where a pair was found, and what it says: these five name it for ever. */
export interface PairPlace {
  warcPath: string
  warcOffset: number
  imageOrdinal: number
  url: string
  text: string
}

/**
 * The id of a pair: the first 128 bits, in hex, of sha256 over dag-cbor
 * `[warcPath, warcOffset, imageOrdinal, url, text]`. It depends on what the page said and not on who
 * crawled it, when, or with which model, so that removals and joins hold across shards and campaigns.
 *
 * @param sha256 - of bytes, to lower-case hex
 */
export function pairUid(place: PairPlace, sha256: (bytes: Uint8Array) => string): string {
  const { warcPath, warcOffset, imageOrdinal, url, text } = place
  return sha256(encode([warcPath, warcOffset, imageOrdinal, url, text])).slice(0, 32)
}
