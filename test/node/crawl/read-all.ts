import type {
  Candidate,
  Crawl,
  Extracted,
  SegmentCounts,
  SegmentSource,
  Web,
} from '../../../node/components.ts'
import { extractSegment } from '../../../node/crawl/extract-segment.ts'
import { readSlice } from '../../../node/crawl/read-slice.ts'
import { openWeb } from '../../../node/web/web.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'

export const RULES = PRESETS['laion-5b']!
/** With the guard as campaigns have it, but for this machine's servers. */
export const web = openWeb({ allow: { loopback: true } })

export interface All {
  pages: Extracted['pages']
  candidates: Candidate[]
  images: Extracted['images']
  counts: SegmentCounts
}

export function segment(
  location: string,
  kind: 'warc' | 'wat' = 'warc',
  part = { index: 0, count: 1 },
): SegmentSource {
  return { kind, location, name: 'archive', part }
}

/** Read a segment to its end, with the part's own threads. */
export function readWith(crawl: Crawl, source: SegmentSource): Promise<All> {
  return gather(crawl.extract(source, RULES))
}

/** Read a segment to its end in this thread, without language detection, in slices of any size. */
export function readHere(
  source: SegmentSource,
  sliceBytes?: number,
  depth = 3,
  through: Web = web,
): Promise<All> {
  return gather(
    extractSegment(source, RULES, {
      depth,
      ...{ web: through, userAgent: 'Shoal-test/1', retryMs: 1 },
      ...(sliceBytes === undefined ? {} : { sliceBytes }),
      run: async (bytes, slice, reading) => readSlice({ ...slice, bytes: Buffer.from(bytes) }, reading),
    }),
  )
}

async function gather(items: AsyncIterable<Extracted>): Promise<All> {
  const all: All = { pages: [], candidates: [], images: [], counts: undefined as unknown as SegmentCounts }
  for await (const { pages, images, counts } of items) {
    if (pages.reduce((sum, page) => sum + page.candidates.length, 0) > 500)
      throw new Error('more than 500 candidates')
    all.pages.push(...pages)
    all.candidates.push(...pages.flatMap((page) => page.candidates))
    all.images.push(...images)
    all.counts = counts
  }
  return all
}
