import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { countFindings, decodeVerdict, ruleOn, type Verdict } from '../../protocol/records/verdict.ts'
import { epochOf } from '../../protocol/rules/assign-verifiers.ts'
import type { FrameSizes } from '../../protocol/rules/sample.ts'
import { type Finding, framesOf, replayVerdict } from '../audit/audit.ts'
import { nameOfPeer, verifySignature } from '../identity.ts'
import { parseVerdict } from '../parse-cid.ts'
import { COPIED, readOriginal } from './answer-accusations.ts'
import {
  type AuditingParts,
  type AuditRunning,
  type AuditTask,
  auditShard,
  judgeOriginals,
  withShard,
} from './audit-shard.ts'

/** A row that was looked at; where a verdict is repeated, with what its verifier found. */
export type VerifiedRow = Finding & { theirs?: Finding['finding']; contradicts?: boolean }

/** What an audit on demand has come to. */
export interface Verification {
  manifest: string
  campaign: string
  segment: number
  producer: string
  frames: FrameSizes
  /** the sample, in its order */
  rows: VerifiedRow[]
  /** rows that others accuse, looked at again */
  rechecked: VerifiedRow[]
  counts: ReturnType<typeof countFindings>
  /** by what was found here and now */
  ruling: Verdict['ruling']
  /** the verdict that was repeated, or null */
  replayed: {
    verdict: string
    verifier: string
    ruling: Verdict['ruling']
    /** rows that one calls forged and the other not */
    contradictions: number
  } | null
}

/** Audit a shard for its own sake: nobody is told. @throws as `auditShard` */
export async function verifyShard(
  parts: AuditingParts,
  task: AuditTask,
  running: AuditRunning,
  now: number,
  openAccusations: Parameters<typeof auditShard>[4],
): Promise<Verification> {
  const audited = await auditShard(parts, task, running, epochOf(now), openAccusations)
  const { rechecked, answers, verdict } = audited
  const { matched, unverifiable, ruling } = verdict
  return {
    ...placeOf(task),
    ...{ frames: rechecked.frames, rows: rechecked.findings, rechecked: answers },
    counts: { matched, unverifiable, forged: rechecked.findings.length - matched - unverifiable },
    ...{ ruling, replayed: null },
  }
}

/**
 * Repeat another's audit row by row.
 *
 * @param text - the id of its verdict
 * @throws ShoalError `cid_invalid`, `verdict_unknown`; as `withShard`, `replayVerdict`
 */
export async function repeatVerdict(
  parts: AuditingParts,
  task: AuditTask,
  running: AuditRunning,
  text: string,
): Promise<Verification> {
  const verdict = await findVerdict(parts, parseVerdict(text))
  return withShard(parts, task, running, async ({ tools, job, shard }) => {
    const { rows, rechecked } = await replayVerdict(tools, job, verdict)
    // who calls it a copy speaks of no row
    for (const accusation of verdict.forged.filter(({ code }) => code === COPIED)) {
      const row = rows.find(({ ours }) => ours.frame === accusation.frame && ours.row === accusation.row)
      const judge = judgeOriginals(parts, task, shard, running.signal)
      if (row) row.contradicts = (await judge(readOriginal(accusation))) === false
    }
    const flat = (row: (typeof rows)[number]): VerifiedRow => ({
      ...{ ...row.ours, theirs: row.theirs, contradicts: row.contradicts },
    })
    const counts = countFindings(rows.map(({ ours }) => ours.finding))
    return {
      ...placeOf(task),
      ...{ frames: framesOf(shard), rows: rows.map(flat), rechecked: rechecked.map(flat), counts },
      ruling: ruleOn(
        counts,
        rechecked.map(({ ours }) => ({ forged: ours.finding === 'forged' })),
      ),
      replayed: {
        verdict: text,
        verifier: nameOfPeer(verdict.verifier),
        ruling: verdict.ruling,
        contradictions: [...rows, ...rechecked].filter(({ contradicts }) => contradicts).length,
      },
    }
  })
}

async function findVerdict({ ledger }: AuditingParts, id: CID): Promise<Verdict> {
  const envelope = await ledger.find(id)
  if (envelope) return decodeVerdict(await open(envelope, verifySignature))
  throw new ShoalError(
    'verdict_unknown',
    `no verdict ${id} has come to this node: \`shoal shards\` names those that have`,
  )
}

const placeOf = ({ id, segment, shard }: AuditTask) => ({
  ...{ manifest: shard.manifest.toString(), campaign: id.toString() },
  ...{ segment, producer: nameOfPeer(shard.peer) },
})
