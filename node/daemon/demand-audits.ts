import type { AuditingParts, AuditRunning, AuditTask } from './audit-shard.ts'
import type { AuditWork } from './auditor.ts'
import type { chooseAudits } from './choose-audits.ts'
import { findShard } from './find-shard.ts'
import { repeatVerdict, type Verification, verifyShard } from './verify-shard.ts'

export interface VerifyRequest {
  /** CID of the shard's manifest */
  manifest: string
  /** id of a verdict to be repeated, or null */
  replay: string | null
}

/** Audits that the owner asks for: beside the one at work, at any hour, and nobody else is told. */
export function demandAudits(
  parts: AuditingParts,
  chooser: Pick<ReturnType<typeof chooseAudits>, 'accusations'>,
  { clock, ...options }: Pick<AuditRunning, 'threads' | 'offline'> & { clock: () => number },
) {
  const works = new Map<AuditTask, AuditWork>()
  const closing = new AbortController()
  const ends = new Set<Promise<unknown>>()

  async function verify({ manifest, replay }: VerifyRequest): Promise<Verification> {
    const task = await findShard(parts.ledger, manifest)
    const { id, segment } = task
    const work = { campaign: id.toString(), segment, manifest, done: 0, total: 0, since: clock() }
    works.set(task, work)
    const running: AuditRunning = {
      ...{ ...options, signal: closing.signal },
      onProgress: (done, total) => void Object.assign(work, { done, total }),
    }
    const audit =
      replay === null
        ? verifyShard(parts, task, running, clock(), () => chooser.accusations(task))
        : repeatVerdict(parts, task, running, replay)
    ends.add(audit)
    try {
      return await audit
    } finally {
      works.delete(task)
      ends.delete(audit)
    }
  }

  return {
    verify,
    atWork: (): AuditWork[] => [...works.values()],
    async close(): Promise<void> {
      closing.abort()
      await Promise.allSettled(ends)
    },
  }
}
