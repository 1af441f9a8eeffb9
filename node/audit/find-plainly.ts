import { MAX_SEARCH_BYTES } from '../../protocol/limits.ts'
import type { Crawl, ExtractedRecord } from '../components.ts'
import type { AuditJob } from './job.ts'

/**
 * What `extractNext` looks for from each of these bytes, by reading the segment once from its beginning. It costs as
 * much as all reading for the shard did, but not its images, and is done before somebody is accused: from a byte in
 * the middle nobody can tell the segment's own records from those of an archive that lies inside of one.
 *
 * @param start - the segment's first byte
 */
export async function findPlainly(
  crawl: Crawl,
  { source, campaign, signal }: Pick<AuditJob, 'source' | 'campaign' | 'signal'>,
  bytes: readonly number[],
  start: number,
): Promise<ReadonlyMap<number, ExtractedRecord | null>> {
  const found = new Map<number, ExtractedRecord | null>()
  const waiting = [...new Set(bytes)].sort((a, b) => b - a)
  const isNear = (from: number, { offset }: ExtractedRecord) => offset < from + MAX_SEARCH_BYTES
  let first: ExtractedRecord | null = null
  let record = null as ExtractedRecord | null
  for await (const { pages } of crawl.extract(source, campaign.pipeline.rules, signal))
    for (const page of pages) {
      const { sourceOffset: offset, sourceLength: length } = page
      if (record?.offset !== offset) {
        // the last one that was wanted is whole
        if (waiting.length === 0) return found
        record = { offset, length, isPage: true, pages: [] }
        first ??= record
        while (waiting.length > 0 && waiting.at(-1)! <= offset) {
          const from = waiting.pop()!
          found.set(from, isNear(from, record) ? record : null)
        }
      }
      record.pages.push(page)
    }
  for (const from of waiting) found.set(from, first !== null && isNear(start, first) ? first : null)
  return found
}
