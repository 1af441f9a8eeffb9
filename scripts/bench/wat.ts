import { readFile } from 'node:fs/promises'
import { inflateRawSync } from 'node:zlib'
import { detectLanguage } from '../../node/crawl/detect-language.ts'
import { readMember } from '../../node/crawl/gzip-member.ts'
import type { DetectLanguage } from '../../node/crawl/make-page.ts'
import { readSlice } from '../../node/crawl/read-slice.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'
import { generateWat } from './generate-crawl.ts'

const WAT_BYTES = 100 * 1024 * 1024
const ROUNDS = 5

/**
 * Extraction from a WAT on one core, results ready to be posted, against inflating its members and nothing else.
 * Language detection is eld's own time, three times that of all the rest, so it is left out of the first two figures,
 * and `pairsPerSecondWithLanguage` says what is left with it.
 *
 * @param options.file - a WAT of one's own, compressed member by member; without it one is made from a seed
 */
export async function benchWat(
  options: { file?: string; bytes?: number } = {},
): Promise<{ pairsPerSecond: number; ofLimit: number; pairsPerSecondWithLanguage: number }> {
  const wat = options.file ? await readFile(options.file) : generateWat(1, options.bytes ?? WAT_BYTES)
  const bounds = boundsOf(wat)
  const rounds: { bare: number; own: number }[] = []
  inflateAll(wat, bounds)
  let pairs = extract(wat, () => null)
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({ bare: time(() => inflateAll(wat, bounds)), own: time(() => extract(wat, () => null)) })
  }
  // a tenth tells as much
  const tenth = wat.subarray(0, bounds[Math.floor(bounds.length / 10)])
  let tenthPairs = 0
  const withLanguage = time(() => {
    tenthPairs = extract(tenth, detectLanguage)
  })
  pairs = Math.max(pairs, 1)
  return {
    pairsPerSecond: pairs / median(rounds.map((round) => round.own)),
    ofLimit: median(rounds.map((round) => round.bare / round.own)),
    pairsPerSecondWithLanguage: tenthPairs / withLanguage,
  }
}

/** @returns candidates found */
export function extract(wat: Buffer, detect: DetectLanguage, kind: 'wat' | 'warc' = 'wat'): number {
  const slice = { format: 'gzip' as const, bytes: wat, base: 0, limit: wat.length, atEnd: true }
  let candidates = 0
  // results leave in portions, as the real reader's do
  for (let from: number | null = 0; from !== null && from < wat.length; ) {
    const result = readSlice({ ...slice, from }, { kind, name: 'bench', rules: PRESETS['laion-5b']! }, detect)
    for (const batch of result.batches) candidates += Number(/"candidates":(\d+)\}\}$/.exec(batch)?.[1] ?? 0)
    from = result.stopped === null ? null : result.next
  }
  return candidates
}

function boundsOf(wat: Buffer): number[] {
  const bounds: number[] = []
  for (let at = 0; at < wat.length; ) {
    bounds.push(at)
    const member = readMember(wat, at)
    if (member.state !== 'whole') throw new Error(`no whole gzip member at byte ${at}`)
    at = member.end
  }
  return bounds
}

function inflateAll(wat: Buffer, bounds: number[]): void {
  for (const start of bounds) inflateRawSync(wat.subarray(start + 10), { info: true } as object)
}

export function time(job: () => unknown): number {
  const start = performance.now()
  job()
  return (performance.now() - start) / 1000
}

export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}
