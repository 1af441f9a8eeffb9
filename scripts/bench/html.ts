import { readFile } from 'node:fs/promises'
import { inflateRawSync } from 'node:zlib'
import { Parser } from 'htmlparser2'
import { decodePage } from '../../node/crawl/decode-text.ts'
import { decodeBody, headerOf, readHttpResponse } from '../../node/crawl/http-response.ts'
import { readRecord } from '../../node/crawl/warc-record.ts'
import { MAX_PAGE_BYTES } from '../../protocol/limits.ts'
import { extractAll, median, openMembers, time } from './extract.ts'
import { generateWarc } from './generate-crawl.ts'

const WARC_BYTES = 30 * 1024 * 1024
const ROUNDS = 7

/**
 * Extraction from a WARC's pages on one core, from compressed bytes to results ready to be posted, without language
 * detection, against inflating the same members and running htmlparser2 over the same pages, decoded beforehand, with
 * the least handler that makes it do its work: `onopentag` (so that it gathers attributes) and `ontext`, both empty.
 *
 * @param options.file - a WARC of one's own, compressed record by record; without it one is made from a seed
 * @returns inflated MiB a second, and that rate over the bare libraries'
 */
export async function benchHtml(
  options: { file?: string; bytes?: number } = {},
): Promise<{ mibPerSecond: number; ofLimit: number }> {
  const warc = options.file ? await readFile(options.file) : generateWarc(2, options.bytes ?? WARC_BYTES)
  const members = openMembers(warc)
  const starts = members.map((member) => member.start)
  const pages = members.flatMap(({ data }) => pageOf(data))
  const bytes = members.reduce((sum, { data }) => sum + data.length, 0)
  const bare = () => {
    for (const start of starts) inflateRawSync(warc.subarray(start), { info: true } as object)
    for (const page of pages) new Parser({ onopentag() {}, ontext() {} }).end(page)
  }
  const own = () => extractAll(warc, 'warc')
  bare()
  own()
  const rounds = Array.from({ length: ROUNDS }, () => ({ bare: time(bare), own: time(own) }))
  return {
    mibPerSecond: bytes / 1024 ** 2 / median(rounds.map((round) => round.own)),
    ofLimit: median(rounds.map((round) => round.bare / round.own)),
  }
}

function pageOf(data: Buffer): string[] {
  const read = readRecord(data, 0, true)
  const response = read.state === 'whole' ? readHttpResponse(read.record.block) : null
  const contentType = response === null ? '' : (headerOf(response, 'content-type') ?? '')
  if (response === null || !contentType.startsWith('text/html')) return []
  return [decodePage(decodeBody(response, MAX_PAGE_BYTES), contentType)]
}
