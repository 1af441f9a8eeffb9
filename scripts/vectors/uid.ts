import { createHash } from 'node:crypto'
import * as dagCbor from '@ipld/dag-cbor'
import { hex } from './spelling.ts'

/** By node's own sha256 and a plain encoder of DAG-CBOR, apart from the code. */
export function uidCases(): unknown[] {
  const path = 'crawl-data/CC-MAIN-2024-10/segments/1/warc/a.warc.gz'
  const kite = 'https://example.com/kite.jpg'
  return [
    named('an ordinary pair', path, 1_234_567, 3, kite, 'a red kite'),
    named('the first image of the first record', path, 0, 0, kite, 'a red kite'),
    named('beyond four gigabytes', path, 5_000_000_000, 3, kite, 'a red kite'),
    named('a text in another script', path, 1_234_567, 3, kite, '赤い凧 🪁'),
    named('another address', path, 1_234_567, 3, `${kite}?w=640`, 'a red kite'),
    named('neither address nor text', path, 1_234_567, 3, '', ''),
  ]
}

function named(
  comment: string,
  warcPath: string,
  warcOffset: number,
  imageOrdinal: number,
  url: string,
  text: string,
) {
  const block = dagCbor.encode([warcPath, warcOffset, imageOrdinal, url, text])
  const uid = createHash('sha256').update(block).digest('hex').slice(0, 32)
  return { comment, warcPath, warcOffset, imageOrdinal, url, text, block: hex(block), uid }
}
