import type { Sealed } from '../../protocol/envelope.ts'
import { makeVerdict, type Verdict } from '../../protocol/records/verdict.ts'
import { drawSample } from '../../protocol/rules/sample.ts'
import { audited, campaign, judge, listed } from './admit-case.ts'
import { signerOf } from './spelling.ts'
import { forgedFields, verdictFields } from './verdict.ts'

const carol = signerOf(3)
/** NOW's day since 1970. */
const TODAY = 20_370

export async function verdictAdmissions(): Promise<unknown[]> {
  const good = await verdict({})
  const accusing = await forgedFields()
  const accused = accusing.forged[0]!
  const voices = (
    await Promise.all(['cpu/fp32', 'cuda/fp32', 'webgpu/fp16'].map((deviceClass) => verdict({ deviceClass })))
  ).sort((a, b) => Buffer.compare(a.id.bytes, b.id.bytes))
  const [lowest, between, highest] = voices as [Sealed, Sealed, Sealed]
  return [
    judge('verdict: a first', good, {}, 'accept', 'ok'),
    judge('verdict: a forged row of its own sample', await verdict(accusing), {}, 'accept', 'ok'),
    judge(
      'verdict: on its own shard',
      await verdict({ producer: carol.publicKey }),
      {},
      'reject',
      'verdict_self',
    ),
    judge(
      'verdict: of tomorrow, by a clock that is ahead',
      await verdict({ epoch: TODAY + 1 }),
      {},
      'accept',
      'ok',
    ),
    judge('verdict: of the day after', await verdict({ epoch: TODAY + 2 }), {}, 'ignore', 'verdict_early'),
    judge(
      'verdict: of the day after, in a sync',
      await verdict({ epoch: TODAY + 2 }),
      { way: 'sync' },
      'ignore',
      'verdict_early',
    ),
    judge('verdict: of yesterday', await verdict({ epoch: TODAY - 1 }), {}, 'accept', 'ok'),
    judge('verdict: of the day before', await verdict({ epoch: TODAY - 2 }), {}, 'ignore', 'verdict_late'),
    judge('verdict: of long ago, in a sync', await verdict({ epoch: 0 }), { way: 'sync' }, 'accept', 'ok'),
    judge('verdict: of a campaign nobody told of', good, { campaign: null }, 'ignore', 'campaign_unknown'),
    judge('verdict: by a peer that is not listed', good, { campaign: listed }, 'ignore', 'peer_unlisted'),
    judge(
      'verdict: one beyond the last segment',
      await verdict({ segment: 14 }),
      {},
      'reject',
      'segment_range',
    ),
    judge('verdict: on a shard nobody told of', good, { audited: null }, 'ignore', 'shard_unknown'),
    judge(
      'verdict: with the proof of another manifest',
      good,
      { audited: { ...audited, isProven: false } },
      'reject',
      'verdict_proof',
    ),
    judge(
      'verdict: of fewer rows than the campaign wants',
      await verdict({ sampled: { kept: 3, dropped: 3, source: 1 }, findings: new Uint8Array(2), matched: 7 }),
      {},
      'reject',
      'verdict_sample',
    ),
    judge(
      'verdict: of a row that its sample does not hold',
      await verdict({ ...accusing, forged: [{ ...accused, row: await unsampled() }] }),
      {},
      'reject',
      'verdict_sample',
    ),
    judge(
      'verdict: of a row that it found to match',
      await verdict({ ...accusing, findings: new Uint8Array([0x0c, 0]) }),
      {},
      'reject',
      'verdict_sample',
    ),
    judge(
      "verdict: the verifier's 120th in ten minutes",
      good,
      { audited: { ...audited, recentVerdicts: 119 } },
      'accept',
      'ok',
    ),
    judge(
      'verdict: one more',
      good,
      { audited: { ...audited, recentVerdicts: 120 } },
      'ignore',
      'verdict_flood',
    ),
    judge(
      'verdict: one more, in a sync',
      good,
      { way: 'sync', audited: { ...audited, recentVerdicts: 120 } },
      'accept',
      'ok',
    ),
    judge(
      'verdict: known already',
      good,
      { audited: { ...audited, sameAudit: [good.id] } },
      'ignore',
      'verdict_known',
    ),
    judge(
      'verdict: a second of the same verifier proves two tongues',
      highest,
      { audited: { ...audited, sameAudit: [lowest.id] } },
      'accept',
      'verdict_fork',
    ),
    judge(
      'verdict: a third, lower than one of the two',
      between,
      { audited: { ...audited, sameAudit: [highest.id, lowest.id] } },
      'accept',
      'verdict_fork',
      highest.id,
    ),
    judge(
      'verdict: a third, higher than the two',
      highest,
      { audited: { ...audited, sameAudit: [lowest.id, between.id] } },
      'ignore',
      'verdict_fork_known',
    ),
  ]
}

async function verdict(change: Partial<Verdict>): Promise<Sealed> {
  const { verifier: _, ...fields } = { ...(await verdictFields()), ...change, campaign }
  return makeVerdict(fields, carol)
}

/** A kept row of eight that is not among the four that were drawn. */
async function unsampled(): Promise<number> {
  const { proof, frames } = await verdictFields()
  const { kept } = drawSample(proof, frames, 4)
  return [0, 1, 2, 3, 4].find((row) => !kept.includes(row))!
}
