import { drawSample, FRAMES, type FrameSizes } from '../../protocol/rules/sample.ts'
import type { AuditedShard, AuditJob, AuditParts, Finding, Rechecked, SampledRow } from './job.ts'
import { lookAtRows } from './look-at-rows.ts'

/**
 * Audit a shard: read again the records that the verifier's signature draws, compare all candidates on them, and
 * fetch, decode and score the drawn rows' images. Nothing of it is kept.
 *
 * A source that can't be had makes its rows unverifiable; so does whatever of the web has changed.
 *
 * @param proof - the verifier's signature over `proofMessage` of the manifest
 * @throws ShoalError `campaign_model` where the scorer is not the campaign's; `shard_parquet`, `block_missing`,
 *   `block_corrupt` where the shard can't be read; the signal's reason
 */
export async function recheckShard(parts: AuditParts, job: AuditJob, proof: Uint8Array): Promise<Rechecked> {
  const frames = framesOf(job.shard)
  const sample = drawSample(proof, frames, job.campaign.audit.samples)
  const rows = FRAMES.flatMap((frame) => sample[frame].map((row): SampledRow => ({ frame, row })))
  return { frames, findings: await lookAtRows(parts, job, rows) }
}

/**
 * Look at rows that others have accused.
 *
 * @returns in their order; what is no row of the shard matches, since nothing can be wrong with it
 * @throws as `recheckShard`
 */
export async function recheckRows(
  parts: AuditParts,
  job: AuditJob,
  rows: readonly SampledRow[],
): Promise<Finding[]> {
  const frames = framesOf(job.shard)
  const isThere = ({ frame, row }: SampledRow) => frame === 'source' || row < frames[frame]
  const findings = await lookAtRows(parts, job, rows.filter(isThere))
  return rows.map(
    (row) =>
      (isThere(row) && findings.shift()) || { ...row, finding: 'match', code: null, said: {}, found: {} },
  )
}

/** @returns how many rows each frame has, by the manifest alone */
export function framesOf({ manifest: { counts } }: Pick<AuditedShard, 'manifest'>): FrameSizes {
  return { kept: counts.pairs, dropped: counts.candidates - counts.pairs }
}
