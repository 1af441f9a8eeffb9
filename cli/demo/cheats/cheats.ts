import type { Crawl, Scorer } from '../../../node/components.ts'
import { auditShard, type DaemonOptions, startProducer } from '../../../node/daemon/daemon.ts'
import { claimDead, dropPairs, forgeScores, forgeTexts, inventRows, withholdRows } from './forge-rows.ts'
import { type AuditShard, copyAs, flood, passBlindly, slander } from './judge-falsely.ts'
import { type Forgery, type HowMuch, startForger } from './produce-forged.ts'

/** Nodes that break the rules, each in its way, for demonstrations and tests. No option of a real node leads here. */
type Cheat = Forgery | { audit: (clock: () => number) => AuditShard }

const CHEATS = {
  scores: { rows: forgeScores },
  texts: { rows: forgeTexts },
  rows: { rows: inventRows },
  withhold: { rows: withholdRows },
  drop: { rows: dropPairs },
  dead: { rows: claimDead },
  optouts: { crawl: overlookOptOuts },
  model: { scorer: confuseColours },
  grind: { rows: forgeScores, publish: 'grind' },
  fork: { publish: 'fork' },
  copy: { audit: (clock: () => number) => copyAs(auditShard, clock) },
  blind: { audit: () => passBlindly },
  slander: { audit: () => slander },
  flood: { audit: () => flood },
} as const satisfies Record<string, Cheat>

export type CheatName = keyof typeof CHEATS

/** @returns what makes a daemon cheat. @param cheatOf - how, in a campaign of this name; null: not at all */
export function cheatAs(
  cheatOf: (campaign: string) => CheatName | null,
  { clock, ...howMuch }: HowMuch & { clock: () => number },
): Pick<DaemonOptions, 'startProducer' | 'auditShard'> {
  const find = (campaign: string): Cheat | null => {
    const name = cheatOf(campaign)
    return name && CHEATS[name]
  }
  const audits = new Map<string, AuditShard>()
  return {
    startProducer: startForger(
      startProducer,
      (campaign) => {
        const cheat = find(campaign)
        return cheat && !('audit' in cheat) ? cheat : null
      },
      howMuch,
    ),
    auditShard(parts, task, ...how) {
      const { name } = task.campaign
      const cheat = find(name)
      if (!cheat || !('audit' in cheat)) return auditShard(parts, task, ...how)
      const audit = audits.get(name) ?? cheat.audit(clock)
      audits.set(name, audit)
      return audit(parts, task, ...how)
    },
  }
}

/** Pages that forbid it are read as if they did not. */
function overlookOptOuts(crawl: Crawl): Crawl {
  return {
    ...crawl,
    async *extract(...how) {
      for await (const extracted of crawl.extract(...how)) {
        for (const page of extracted.pages) {
          page.signals = []
          for (const candidate of page.candidates)
            if (candidate.outcome === 'optout_page') candidate.outcome = null
        }
        yield extracted
      }
    },
  }
}

/** Scores as of a model that takes red for blue. */
function confuseColours(scorer: Scorer): Scorer {
  return {
    ...scorer,
    score(crop, text) {
      const confused = crop.slice()
      for (let i = 0; i < crop.length; i += 3) {
        confused[i] = crop[i + 2]!
        confused[i + 2] = crop[i]!
      }
      return scorer.score(confused, text)
    },
  }
}
