import { MAX_SEARCH_BYTES } from '../../protocol/limits.ts'
import type { Crawl, ExtractedRecord } from '../components.ts'
import type { AuditJob } from './job.ts'

/**
 * What `extractNext` looks for, by reading the segment from its beginning. It costs as much as all reading for the
 * shard did, but not its images, and is done before somebody is accused.
 */
export async function findPlainly(
  crawl: Crawl,
  { source, campaign, signal }: Pick<AuditJob, 'source' | 'campaign' | 'signal'>,
  from: number,
  start: number,
): Promise<ExtractedRecord | null> {
  let first: ExtractedRecord | null = null
  let next: ExtractedRecord | null = null
  for await (const { pages } of crawl.extract(source, campaign.pipeline.rules, signal))
    for (const page of pages) {
      const { sourceOffset: offset, sourceLength: length } = page
      if (next !== null && offset > next.offset) return next
      const record = { offset, length, isPage: true, pages: [] }
      first ??= offset < start + MAX_SEARCH_BYTES ? record : null
      if (offset >= from) {
        if (offset >= from + MAX_SEARCH_BYTES) return null
        next ??= first?.offset === offset ? first : record
      }
      for (const one of new Set([first, next])) if (one?.offset === offset) one.pages.push(page)
    }
  return next ?? first
}
