import { ShoalError } from '../../protocol/errors.ts'
import { MAX_IMAGE_BYTES } from '../../protocol/limits.ts'
import type { Outcome } from '../../protocol/outcomes.ts'
import type { ConsentSignal } from '../../protocol/rules/consent.ts'
import type { ArchivedResponse, Crawl, FetchResult, SegmentSource } from '../components.ts'
import { judgeArchivedResponse } from '../images/images.ts'

/** What the archive's own record can be guilty of; whatever else goes wrong may go right the next time. */
const BAD_RECORDS: Readonly<Record<string, Outcome>> = {
  record_missing: 'image_broken',
  record_too_large: 'image_bytes',
}

/** An image that the segment's own archive holds, judged as one from the web by what came with it. */
export async function readArchived(
  crawl: Pick<Crawl, 'readResponse'>,
  source: SegmentSource,
  where: { warcOffset: number; warcLength: number; url: string },
  honoured: readonly ConsentSignal[],
): Promise<FetchResult> {
  let response: ArchivedResponse
  try {
    response = await crawl.readResponse(source, where, MAX_IMAGE_BYTES)
  } catch (error) {
    const outcome = error instanceof ShoalError ? BAD_RECORDS[error.code] : undefined
    if (outcome === undefined) throw error
    return { ok: false, outcome, detail: `the archive's record at byte ${where.warcOffset}`, signals: [] }
  }
  const { url, date, status, headers, body } = response
  const judgement = judgeArchivedResponse({ status, headers }, honoured)
  if (!judgement.ok) return judgement
  const { contentType, signals } = judgement
  const signalsAt = signals.map(() => date)
  const image = { bytes: body, finalUrl: url, from: 'archive', status, contentType } as const
  return { ok: true, image: { ...image, signals, signalsAt, fetchedAt: date } }
}
