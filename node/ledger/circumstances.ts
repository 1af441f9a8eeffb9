import type { CID } from 'multiformats/cid'
import type { Claim } from '../../protocol/records/claim.ts'
import type { Entry } from '../../protocol/records/record.ts'
import type { Circumstances } from '../../protocol/rules/admit.ts'
import type { countRecords } from './count-records.ts'
import { claimFields } from './holdings.ts'
import type { How } from './intake.ts'
import type { Joined, Memory } from './load.ts'
import { idOfDigest } from './record-id.ts'
import { SHARD } from './rows.ts'
import type { takeRemovals } from './take-removal.ts'
import type { takeVerdicts } from './take-verdict.ts'

interface Parts {
  counts: ReturnType<typeof countRecords>
  verdicts: ReturnType<typeof takeVerdicts>
  removals: ReturnType<typeof takeRemovals>
  clock: () => number
}

/** What is known that bears on a record. */
export function findCircumstances({ peers, set }: Memory, { counts, verdicts, removals, clock }: Parts) {
  const { rows } = set
  const idOfRow = (row: number) => idOfDigest(new Uint8Array(rows.digest(row)))

  function newestClaim(one: Joined, segment: number, peer: number): { id: CID; value: Claim } | null {
    const row = set.findClaim(one.number, segment, peer)
    if (row < 0) return null
    return { id: idOfRow(row), value: { campaign: one.id, segment, ...claimFields(set, peers, row) } }
  }

  function circumstancesOf(
    entry: Exclude<Entry, { kind: 'campaign' }>,
    one: Joined | undefined,
    how: How,
  ): Circumstances {
    const now = clock()
    if (one === undefined) return { ...NOTHING, now }
    const way: Circumstances['way'] = how === 'sync' ? 'sync' : 'gossip'
    const known = { ...NOTHING, now, way, campaign: one.campaign }
    switch (entry.kind) {
      case 'backoff':
        return known
      case 'verdict':
        return { ...known, audited: verdicts.circumstancesOf(one.number, entry.value, how, now) }
      case 'removal':
        return { ...known, ...removals.circumstancesOf(one, entry.value, how, now) }
      case 'head':
        return { ...known, ...removals.headCircumstancesOf(one, entry.value.source, how, now) }
    }
    const { segment, peer, seq } = entry.value
    const number = peers.find(peer)
    if (number < 0) return known
    if (entry.kind === 'claim')
      return {
        ...known,
        newest: newestClaim(one, segment, number),
        recentClaims: counts.of('claim', peer, how, now),
      }
    // of this campaign only: nodes that have joined others as well must come to the same records of this one
    return { ...known, sameSeq: set.findChained(SHARD, one.number, number, seq).map(idOfRow) }
  }

  return { circumstancesOf, newestClaim }
}

/** Where nothing is known. */
export const NOTHING = {
  campaign: null,
  newest: null,
  way: 'gossip',
  recentClaims: 0,
  recentBackoffs: 0,
  sameSeq: [],
  recentRemovals: 0,
  negated: null,
  newestHead: null,
  audited: null,
} as const
