import { readFile } from 'node:fs/promises'
import { inflateRawSync } from 'node:zlib'
import detectLanguages from '../../node/crawl/language-worker.ts'
import { extractAll, median, openMembers, textsOf, time } from './extract.ts'
import { generateWat } from './generate-crawl.ts'

const WAT_BYTES = 100 * 1024 * 1024
const ROUNDS = 5
const TEXTS = 10_000

/**
 * Extraction from a WAT on one core, results ready to be posted, against inflating its members and nothing else.
 * Languages are told by eld in a thread of its own, at `languagesPerSecond`.
 *
 * @param options.file - a WAT of one's own, compressed member by member; without it one is made from a seed
 */
export async function benchWat(
  options: { file?: string; bytes?: number } = {},
): Promise<{ pairsPerSecond: number; ofLimit: number; languagesPerSecond: number }> {
  const wat = options.file ? await readFile(options.file) : generateWat(1, options.bytes ?? WAT_BYTES)
  const starts = openMembers(wat).map((member) => member.start)
  const bare = () => {
    for (const start of starts) inflateRawSync(wat.subarray(start), { info: true } as object)
  }
  const own = () => extractAll(wat, 'wat')
  bare()
  const texts = textsOf(own())
  const rounds = Array.from({ length: ROUNDS }, () => ({ bare: time(bare), own: time(own) }))
  const some = texts.slice(0, TEXTS)
  return {
    pairsPerSecond: texts.length / median(rounds.map((round) => round.own)),
    ofLimit: median(rounds.map((round) => round.bare / round.own)),
    languagesPerSecond: some.length / time(() => detectLanguages(some)),
  }
}
