import type { CrawlResult, PairSample, SegmentCounts, ShardFile } from '../node/components.ts'
import { OUTCOMES, type Outcome } from '../protocol/outcomes.ts'
import { formatBytes, formatCount, formatSeconds } from './numbers.ts'
import type { Output } from './output.ts'
import { shorten } from './table.ts'

type OutcomeCounts = Partial<Record<Outcome, number>>

/** What became of the candidates: a row for each outcome that occurred, in the order of the pipeline. */
export function showOutcomes(output: Output, outcomes: OutcomeCounts): void {
  const rows = (Object.keys(OUTCOMES) as Outcome[])
    .filter((outcome) => (outcomes[outcome] ?? 0) > 0)
    .map((outcome) => [outcome, formatCount(outcomes[outcome]!), OUTCOMES[outcome]])
  output.table(
    [{ title: 'outcome' }, { title: 'candidates', align: 'right' }, { title: 'what it means' }],
    rows,
  )
}

export function showSamples(output: Output, samples: readonly PairSample[], most: number): void {
  if (samples.length === 0) return
  output.print()
  output.heading('A few kept pairs, the most similar first')
  for (const { similarity, text, url } of samples.slice(0, most)) {
    output.print(`  ${similarity.toFixed(3)}  ${shorten(text, 71)}`)
    output.print(`         ${shorten(url, 71)}`)
  }
}

/** Addresses and paths stand on lines of their own, so that they can be copied. */
export function showFiles(output: Output, files: Readonly<Record<string, ShardFile>>): void {
  for (const [name, { cid, bytes, rows, path }] of Object.entries(files)) {
    output.print(`  ${name}: ${formatCount(rows)} rows, ${formatBytes(bytes)}`)
    output.print(`    ${cid}`)
    if (path !== null) output.print(`    ${path}`)
  }
}

/** One segment, for a reader who sees Shoal for the first time. */
export function showResult(output: Output, result: CrawlResult, samples: number): void {
  const { counts, candidates, pairs, seconds } = result
  output.heading(shorten(result.file.replace(/^.*[/\\](?=.)/, ''), 80))
  output.print(
    `${formatCount(counts.htmlPages)} pages with ${formatCount(counts.imgs)} images; ` +
      `${formatCount(candidates)} have a text: the candidates`,
  )
  output.print(`${formatCount(pairs)} of them kept, in ${formatSeconds(seconds)}`)
  if (counts.badRecords > 0)
    output.print(`${formatCount(counts.badRecords)} malformed or truncated records were stepped over`)
  output.print()
  showOutcomes(output, result.outcomes)
  showSamples(output, result.samples, samples)
  output.print()
  output.heading(`Shard, ${result.verified ? 'read back and verified' : 'NOT VERIFIED'}`)
  output.print(`  ${result.manifest}`)
  showFiles(output, result.files)
}

/** All segments together: the last line of `--json`. `manifest` and `files` are there where there is one segment. */
export interface CrawlTotal {
  candidates: number
  outcomes: OutcomeCounts
  pairs: number
  manifest: string | null
  files: Record<string, ShardFile>
  verified: boolean
  campaign: string | null
  counts: SegmentCounts
  seconds: number
  segments: CrawlResult[]
}

export function addUp(segments: CrawlResult[]): CrawlTotal {
  const none: SegmentCounts = {
    bytes: 0,
    records: 0,
    responses: 0,
    htmlPages: 0,
    badRecords: 0,
    imgs: 0,
    candidates: 0,
  }
  const counts = addNumbers([none, ...segments.map((segment) => segment.counts)]) as SegmentCounts
  const sum = (of: (segment: CrawlResult) => number) => segments.reduce((total, each) => total + of(each), 0)
  const only = segments.length === 1 ? segments[0] : undefined
  return {
    candidates: sum(({ candidates }) => candidates),
    outcomes: addNumbers(segments.map(({ outcomes }) => outcomes)),
    pairs: sum(({ pairs }) => pairs),
    manifest: only?.manifest ?? null,
    files: only?.files ?? {},
    verified: segments.length > 0 && segments.every(({ verified }) => verified),
    campaign: segments[0]?.campaign ?? null,
    counts,
    seconds: sum(({ seconds }) => seconds),
    segments,
  }
}

/** What has the same name, added up. */
export function addNumbers<Name extends string>(
  parts: readonly Partial<Record<Name, number>>[],
): Partial<Record<Name, number>> {
  const sums: Partial<Record<Name, number>> = {}
  for (const part of parts)
    for (const [name, value] of Object.entries(part) as [Name, number][])
      sums[name] = (sums[name] ?? 0) + value
  return sums
}
