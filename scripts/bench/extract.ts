import type { Extracted } from '../../node/components.ts'
import { memberHeaderBytes, readMember } from '../../node/crawl/gzip-member.ts'
import { readSlice } from '../../node/crawl/read-slice.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'

/** Extract a whole archive in this thread. @returns results as they are posted to the main thread */
export function extractAll(bytes: Buffer, kind: 'wat' | 'warc'): string[] {
  const slice = { format: 'gzip' as const, bytes, base: 0, limit: bytes.length, atEnd: true }
  const reading = { kind, name: 'bench', rules: PRESETS['laion-5b']! }
  const batches: string[] = []
  // results leave in portions, as the real reader's do
  for (let from: number | null = 0; from !== null && from < bytes.length; ) {
    const result = readSlice({ ...slice, from }, reading)
    batches.push(...result.batches)
    from = result.stopped === null ? null : result.next
  }
  return batches
}

/** The texts in results. */
export function textsOf(batches: string[]): string[] {
  return batches.flatMap((batch) => {
    const { pages }: Extracted = JSON.parse(batch)
    return pages.flatMap((page) => page.candidates.map((candidate) => candidate.text))
  })
}

/** Where the deflated bytes of each gzip member begin, and what they hold. */
export function openMembers(bytes: Buffer): { start: number; data: Buffer }[] {
  const members: { start: number; data: Buffer }[] = []
  for (let start = 0; start < bytes.length; ) {
    const member = readMember(bytes, start)
    if (member.state !== 'whole') throw new Error(`no whole gzip member at byte ${start}`)
    members.push({ start: start + memberHeaderBytes(bytes, start), data: member.data })
    start = member.end
  }
  return members
}

/** @returns seconds */
export function time(job: () => unknown): number {
  const start = performance.now()
  job()
  return (performance.now() - start) / 1000
}

export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}
