import { ShoalError } from '../errors.ts'

/** As much of a campaign as counts its segments. */
interface Sources {
  sources: { count: number; parts: number }[]
}

/** Segments are the parts of the entries of the sources' lists, in that order: `0 .. segmentCount - 1`. */
export function segmentCount({ sources }: Sources): number {
  return sources.reduce((sum, { count, parts }) => sum + count * parts, 0)
}

/**
 * @returns where a segment lies: which of the sources, which line of its list, which part of that file, all from 0
 * @throws ShoalError `segment_range` for what is no segment of this campaign
 */
export function locateSegment(
  campaign: Sources,
  index: number,
): { source: number; entry: number; part: number } {
  let left = index
  if (Number.isSafeInteger(index) && index >= 0) {
    for (const [source, { count, parts }] of campaign.sources.entries()) {
      if (left < count * parts) return { source, entry: Math.floor(left / parts), part: left % parts }
      left -= count * parts
    }
  }
  throw new ShoalError(
    'segment_range',
    `${index} is no segment: this campaign has 0 to ${segmentCount(campaign) - 1}`,
  )
}
