import { readFile } from 'node:fs/promises'
import { inflateRawSync } from 'node:zlib'
import { Parser } from 'htmlparser2'
import { decodePage } from '../../node/crawl/decode-text.ts'
import { readMember } from '../../node/crawl/gzip-member.ts'
import { decodeBody, headerOf, readHttpResponse } from '../../node/crawl/http-response.ts'
import { readRecord } from '../../node/crawl/warc-record.ts'
import { generateWarc } from './generate-crawl.ts'
import { extract, median, time } from './wat.ts'

const WARC_BYTES = 30 * 1024 * 1024
const ROUNDS = 7

/**
 * Extraction from a WARC's pages on one core, from compressed bytes to results ready to be posted, without language
 * detection, against inflating the same members and running htmlparser2 over the same pages, decoded beforehand, with
 * the least handler that makes it do its work: `onopentag` (so that it gathers attributes) and `ontext`, both empty.
 *
 * @param options.file - a WARC of one's own, compressed record by record; without it one is made from a seed
 */
export async function benchHtml(
  options: { file?: string; bytes?: number } = {},
): Promise<{ mibPerSecond: number; ofLimit: number }> {
  const warc = options.file ? await readFile(options.file) : generateWarc(2, options.bytes ?? WARC_BYTES)
  const { starts, pages, bytes } = open(warc)
  const bare = () => {
    for (const start of starts) inflateRawSync(warc.subarray(start + 10), { info: true } as object)
    for (const page of pages) new Parser({ onopentag() {}, ontext() {} }).end(page)
  }
  const own = () => extract(warc, () => null, 'warc')
  bare()
  own()
  const rounds = Array.from({ length: ROUNDS }, () => ({ bare: time(bare), own: time(own) }))
  return {
    mibPerSecond: bytes / 1024 ** 2 / median(rounds.map((round) => round.own)),
    ofLimit: median(rounds.map((round) => round.bare / round.own)),
  }
}

function open(warc: Buffer): { starts: number[]; pages: string[]; bytes: number } {
  const starts: number[] = []
  const pages: string[] = []
  let bytes = 0
  for (let at = 0; at < warc.length; ) {
    const member = readMember(warc, at)
    if (member.state !== 'whole') throw new Error(`no whole gzip member at byte ${at}`)
    starts.push(at)
    at = member.end
    bytes += member.data.length
    const read = readRecord(member.data, 0, true)
    const response = read.state === 'whole' ? readHttpResponse(read.record.block) : null
    const contentType = response === null ? '' : (headerOf(response, 'content-type') ?? '')
    if (response !== null && contentType.startsWith('text/html')) {
      pages.push(decodePage(decodeBody(response, member.data.length * 10), contentType))
    }
  }
  return { starts, pages, bytes }
}
