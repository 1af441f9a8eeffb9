import { setImmediate as breathe } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { MAX_ACCUSED } from '../../protocol/limits.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { Verdict } from '../../protocol/records/verdict.ts'
import { makeRoster } from '../../protocol/rules/assign.ts'
import { epochOf } from '../../protocol/rules/assign-verifiers.ts'
import { chooseRechecks, neededVerifiers, type ShardState } from '../../protocol/rules/quorum.ts'
import type { SampledRow } from '../audit/audit.ts'
import type { Judgements, Ledger } from '../ledger/ledger.ts'
import type { AuditTask } from './audit-shard.ts'
import type { Hearings } from './hear-shards.ts'
import { auditTime } from './schedule-audits.ts'

/** States in which a shard may need one more verdict. */
const OPEN: readonly ShardState[] = ['disputed', 'unaudited', 'held']
/** Shards that are looked at in one go: some milliseconds among a thousand peers. */
const IN_ONE_GO = 500

/** What audits cost a campaign, as things are. */
export interface AuditOutlook {
  /** verifiers that the next shard of an active node needs, on average */
  expected: number
  /** active nodes whose record spares them some */
  trusted: number
}

export interface ChooserParts {
  ledger: Ledger
  hearings: Pick<Hearings, 'heardAt'>
  clock: () => number
  self: Uint8Array
}

/** Says which audits are due. */
export function chooseAudits({ ledger, hearings, clock, self }: ChooserParts) {
  /** since when this node knows of a dispute, by the shard's record */
  let disputes = new Map<string, number>()
  const outlooks = new Map<string, AuditOutlook>()

  return {
    /** Those whose time has come, disputed shards first, then the one that waits longest. */
    async choose(campaigns: ReturnType<Ledger['campaigns']>): Promise<AuditTask[]> {
      const found: { task: AuditTask; isDisputed: boolean; at: number }[] = []
      const disputed = new Map<string, number>()
      const now = clock()
      const epoch = epochOf(now)
      for (const { id, campaign } of campaigns) {
        const judged = await ledger.judgements(id)
        outlooks.set(id.toString(), foresee(campaign.audit, judged, ledger.activePeers(id)))
        const { mode, operators } = campaign.trust
        if (mode === 'listed' && !operators.some((one) => equalBytes(one, self))) continue
        const zeroed = new Set(
          judged.standings().flatMap(({ peer, offences }) => (offences.length > 0 ? String(peer) : [])),
        )
        if (zeroed.has(String(self))) continue
        const peers = [...ledger.activePeers(id), self].filter((peer) => !zeroed.has(String(peer)))
        const roster = makeRoster(peers)
        let looked = 0
        for (const shard of OPEN.flatMap((open) => [...judged.shards(open)])) {
          const { state, segment, peer: producer, needed, good, counted } = shard
          if (equalBytes(producer, self)) continue
          if (++looked % IN_ONE_GO === 0) await breathe()
          const name = shard.id.toString()
          const isDisputed = state === 'disputed'
          if (isDisputed) disputed.set(name, disputes.get(name) ?? now)
          const at = auditTime(
            {
              ...{ segment, producer, state, needed, good, verdicts: counted.length },
              heardAt: hearings.heardAt(shard.id),
              disputedAt: disputed.get(name) ?? null,
            },
            self,
            roster,
            campaign.audit.verifiers,
            epoch,
          )
          if (at !== null && at <= now) found.push({ task: { id, campaign, segment, shard }, isDisputed, at })
        }
      }
      disputes = disputed
      return found
        .sort((a, b) => Number(b.isDisputed) - Number(a.isDisputed) || a.at - b.at)
        .map(({ task }) => task)
    },

    /** As it was at the last choice; null before the first. */
    outlook: (campaign: CID): AuditOutlook | null => outlooks.get(campaign.toString()) ?? null,

    /** What others accuse a shard of, as far as it is to be looked at again. */
    async accusations({
      id,
      campaign,
      shard,
    }: AuditTask): Promise<{ rows: SampledRow[]; verdicts: Verdict[] }> {
      const { accused = [] } = (await ledger.judgements(id)).shard(shard.id) ?? {}
      if (accused.length === 0) return { rows: [], verdicts: [] }
      const verdicts = (await ledger.verdictsOf(id, shard.manifest))
        .map(({ verdict }) => verdict)
        .filter(({ producer }) => equalBytes(producer, shard.peer))
      const names = new Map<string, number>()
      const numberOf = (peer: Uint8Array) => {
        const name = String(peer)
        const number = names.get(name) ?? names.size
        names.set(name, number)
        return number
      }
      const rows = accused.map((row) => ({
        ...row,
        forged: row.forged.map(numberOf),
        match: row.match.map(numberOf),
      }))
      return { rows: chooseRechecks(rows, campaign.audit.verifiers, MAX_ACCUSED), verdicts }
    },
  }
}

function foresee(
  { verifiers }: Campaign['audit'],
  judged: Judgements,
  active: readonly Uint8Array[],
): AuditOutlook {
  const needed = active.map((peer) => neededVerifiers(judged.standing(peer).valid, verifiers))
  const sum = needed.reduce((sum, one) => sum + one, 0)
  return {
    expected: needed.length === 0 ? verifiers : sum / needed.length,
    trusted: needed.filter((one) => one < verifiers).length,
  }
}
