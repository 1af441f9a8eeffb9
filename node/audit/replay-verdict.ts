import { ShoalError } from '../../protocol/errors.ts'
import { proofMessage, unpackFindings, type Verdict } from '../../protocol/records/verdict.ts'
import { type FrameSizes, sampleCounts } from '../../protocol/rules/sample.ts'
import { verifySignature } from '../identity.ts'
import type { AuditJob, AuditParts, Finding } from './job.ts'
import { framesOf, recheckRows, recheckShard } from './recheck.ts'

export interface ReplayedRow {
  /** what its verifier found */
  theirs: Finding['finding']
  /** what is found here and now */
  ours: Finding
  /** one says that it matches, the other that it is forged: not both are right */
  contradicts: boolean
}

export interface Replay {
  /** the whole sample, in its order */
  rows: ReplayedRow[]
  /** the rows that it looked at since others had accused them */
  rechecked: ReplayedRow[]
}

/**
 * Repeat another verifier's audit: its sample, row by row. What only differs is time's doing as a rule, since images
 * come and go; what contradicts is a lie of one, or a broken machine.
 *
 * @throws ShoalError `verdict_shard` where it is of another shard; `verdict_proof` where its sample is not the one that
 *   its key draws; as `recheckShard`
 */
export async function replayVerdict(parts: AuditParts, job: AuditJob, verdict: Verdict): Promise<Replay> {
  const { shard, campaign } = job
  const { verifier, proof, sampled } = verdict
  if (!verdict.manifest.equals(shard.cid))
    throw new ShoalError('verdict_shard', `the verdict is of ${verdict.manifest}, not of ${shard.cid}`)
  if (!verifySignature(verifier, proofMessage(shard.cid), proof))
    throw new ShoalError(
      'verdict_proof',
      "its verifier's signature did not draw its sample: don't believe it",
    )
  const frames = framesOf(shard)
  const wanted = sampleCounts(frames, campaign.audit.samples)
  if (!isSame(frames, verdict.frames) || !isSame(wanted, sampled) || wanted.source !== sampled.source)
    throw new ShoalError(
      'verdict_proof',
      `it looked at ${sampled.kept}, ${sampled.dropped} and ${sampled.source} rows and places, the campaign asks for ${wanted.kept}, ${wanted.dropped} and ${wanted.source}: don't believe it`,
    )
  const { findings } = await recheckShard(parts, job, proof)
  const theirs = unpackFindings(verdict.findings, findings.length)
  const again = await recheckRows(parts, job, verdict.rechecked)
  return {
    rows: findings.map((ours, i) => compare(theirs[i]!, ours)),
    rechecked: again.map((ours, i) => compare(verdict.rechecked[i]!.forged ? 'forged' : 'match', ours)),
  }
}

function isSame(a: FrameSizes, b: FrameSizes): boolean {
  return a.kept === b.kept && a.dropped === b.dropped
}

function compare(theirs: Finding['finding'], ours: Finding): ReplayedRow {
  const both = [theirs, ours.finding]
  return { theirs, ours, contradicts: both.includes('match') && both.includes('forged') }
}
