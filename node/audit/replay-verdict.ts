import { ShoalError } from '../../protocol/errors.ts'
import { proofMessage, unpackFindings, type Verdict } from '../../protocol/records/verdict.ts'
import type { AgreementTerms } from '../../protocol/rules/agree.ts'
import { agreeOnAccusation, BY_DEVICE } from '../../protocol/rules/agree-on-accusation.ts'
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
  const terms = {
    tolerances: campaign.audit.tolerances,
    producerDevice: shard.manifest.deviceClass,
    verifierDevice: parts.scorer.deviceClass,
  }
  return {
    rows: findings.map((ours, i) => compare(theirs[i]!, ours, verdict, terms)),
    rechecked: again.map((ours, i) =>
      compare(verdict.rechecked[i]!.forged ? 'forged' : 'match', ours, verdict, terms),
    ),
  }
}

function isSame(a: FrameSizes, b: FrameSizes): boolean {
  return a.kept === b.kept && a.dropped === b.dropped
}

function compare(
  theirs: Finding['finding'],
  ours: Finding,
  { deviceClass, forged }: Pick<Verdict, 'deviceClass' | 'forged'>,
  terms: Omit<AgreementTerms, 'threshold'>,
): ReplayedRow {
  const { frame, row, finding } = ours
  if (theirs === 'match' && finding === 'forged') {
    // what another class of device allows, this one may not
    const isAllowed = BY_DEVICE.has(ours.code ?? '') && deviceClass !== terms.verifierDevice
    return { theirs, ours, contradicts: !isAllowed }
  }
  const accusation = forged.find((one) => one.frame === frame && one.row === row)
  // of what is wrong with the shard as a whole, a row says nothing
  if (accusation !== undefined && !accusation.code.startsWith('row_'))
    return { theirs, ours, contradicts: false }
  if (theirs !== 'forged' || accusation === undefined)
    return { theirs, ours, contradicts: theirs === 'forged' && finding === 'match' }
  const holds = agreeOnAccusation(
    { code: accusation.code, similarity: scoreOf(accusation.found), device: deviceClass },
    { finding, code: null },
    { ...terms, said: scoreOf(ours.said), score: scoreOf(ours.found) },
  )
  return { theirs, ours, contradicts: holds === false }
}

function scoreOf({ similarity }: Record<string, unknown>): number | null {
  return typeof similarity === 'number' ? similarity : null
}
