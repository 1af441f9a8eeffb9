import { createHash } from 'node:crypto'
import { MAX_ACCUSED } from '../../protocol/limits.ts'
import { DEFAULT_AUDIT } from '../../protocol/records/campaign.ts'
import type { Verdict } from '../../protocol/records/verdict.ts'
import { makeRoster } from '../../protocol/rules/assign.ts'
import { chooseVerifiers, mostVerifiers } from '../../protocol/rules/assign-verifiers.ts'
import { chooseRechecks, countVotes, makeBallots, type ShardState } from '../../protocol/rules/quorum.ts'
import { type AuditedShard, defaultPolicy, tally } from '../../protocol/rules/standing.ts'
import { makeAudit } from './audit-rows.ts'
import { chanceOf } from './chance.ts'

export interface AuditOutcome {
  /** by share of forged rows, verifiers, and samples of each: the share of shards that were found out, and 1 - (1-f)^k */
  rows: { forged: number; verifiers: number; samples: number; measured: number; expected: number }[]
  /**
   * by share of the nodes that cover for each other: the share of wholly forged shards that get verified on the word of
   * those who audit them, and c^M; `settled` is how many still are when the standing of all is reckoned
   */
  colluding: { fraction: number; measured: number; expected: number; settled: number }[]
}

const FORGED = [0.01, 0.02, 0.05, 0.1]
const VERIFIERS = [1, 2, 3]
const SAMPLES = [30, 60, 120]
const COLLUDING = [0.1, 0.2, 0.33]
const NODES = 1000
const FORGERS = 100
const EPOCH = 20_000

/**
 * How many forged shards are found out, by the very rules that nodes follow, on shards and nodes made from a seed.
 *
 * @param shards - for each figure
 */
export function simulateAudits(
  { shards, seed }: { shards: number; seed: number },
  report: (line: string) => void = () => {},
): AuditOutcome {
  const nodes = makeNodes(seed)
  const rows: AuditOutcome['rows'] = []
  for (const forged of FORGED)
    for (const samples of SAMPLES) {
      const found = detect({ nodes, shards, seed: seed + rows.length, forged, samples })
      for (const [i, verifiers] of VERIFIERS.entries()) {
        const expected = 1 - (1 - forged) ** (verifiers * samples)
        rows.push({ forged, verifiers, samples, measured: found[i]!, expected })
      }
      report(`${100 * forged} % forged, ${samples} samples: ${found.map(percent).join(', ')} found out`)
    }
  const colluding = COLLUDING.map((fraction) => {
    const one = {
      fraction,
      ...collude({ nodes, shards, seed, fraction }),
      expected: fraction ** DEFAULT_AUDIT.verifiers,
    }
    report(`${100 * fraction} % collude: ${percent(one.measured)} escape, ${percent(one.settled)} for good`)
    return one
  })
  return { rows, colluding }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}

type Nodes = ReturnType<typeof makeNodes>

function makeNodes(seed: number) {
  const roster = makeRoster(
    Array.from(
      { length: NODES },
      (_, i) => new Uint8Array(createHash('sha256').update(`audit ${seed} ${i}`).digest()),
    ),
  )
  const numbers = new Map(roster.keys.map((key, i) => [key, i]))
  return { roster, keys: roster.keys, numberOf: (key: Uint8Array) => numbers.get(key)! }
}

interface Detection {
  nodes: Nodes
  shards: number
  seed: number
  forged: number
  samples: number
}

/** @returns the share of shards found out by one honest verifier, by two, and by three */
function detect({ nodes, shards, seed, forged, samples }: Detection): number[] {
  const most = Math.max(...VERIFIERS)
  // whoever is found to have forged verifies no more: here some forge and the others verify
  const honest = makeRoster(nodes.keys.slice(FORGERS))
  const audited = Array.from({ length: shards }, (_, segment) => {
    const producer = segment % FORGERS
    const audit = { segment, producer: nodes.keys[producer]!, epoch: EPOCH }
    const verdicts = chooseVerifiers(audit, honest, most).map((verifier) =>
      makeAudit({ ...audit, verifier: honest.keys[verifier]!, seed, samples, forged }),
    )
    return { producer, segment, seq: segment, verdicts }
  })
  return VERIFIERS.map((verifiers) => {
    const states = tallyFor(
      nodes.keys,
      verifiers,
      audited.map(({ verdicts, ...shard }) => ({
        ...shard,
        ballots: makeBallots(verdicts.slice(0, verifiers), nodes.numberOf),
      })),
    )
    return shareOf(states, (state) => state === 'disputed' || state === 'refused')
  })
}

function tallyFor(peers: readonly Uint8Array[], verifiers: number, shards: AuditedShard[]): ShardState[] {
  const input = { peers, shards, verifiers, policy: defaultPolicy({ verifiers }) }
  return tally(input).shards.map(({ state }) => state)
}

function shareOf(states: readonly ShardState[], test: (state: ShardState) => boolean): number {
  return states.filter(test).length / states.length
}

/**
 * Colluders forge every row, and call the shards of each other good. Those whose turn it is look at the same time,
 * and the others, as long as there is a dispute, one after the other: these say what they find of the accused rows.
 */
function collude({
  nodes,
  shards,
  seed,
  fraction,
}: {
  nodes: Nodes
  shards: number
  seed: number
  fraction: number
}) {
  const { verifiers, samples } = DEFAULT_AUDIT
  const colluders = nodes.keys
    .map((_, node) => ({ node, chance: chanceOf(seed, node, 0) }))
    .sort((a, b) => a.chance - b.chance)
    .slice(0, Math.round(fraction * NODES))
    .map(({ node }) => node)
  const colludes = new Set(colluders)
  const alone: ShardState[] = []
  const all = Array.from({ length: shards }, (_, segment): AuditedShard => {
    const producer = colluders[segment % colluders.length]!
    const audit = { segment, producer: nodes.keys[producer]!, epoch: EPOCH }
    const verdicts: Verdict[] = []
    /** as the verdicts on this shard alone have it, whoever made them */
    const stateNow = () => {
      const keys = [audit.producer, ...verdicts.map(({ verifier }) => verifier)]
      const ballots = makeBallots(verdicts, (key) => keys.indexOf(key))
      return { ballots, state: tallyFor(keys, verifiers, [{ producer: 0, segment, seq: 0, ballots }])[0]! }
    }
    for (const [rank, verifier] of chooseVerifiers(audit, nodes.roster, mostVerifiers(verifiers)).entries()) {
      const { ballots, state } = stateNow()
      if (rank >= verifiers && state !== 'disputed') break
      const isHonest = !colludes.has(verifier)
      const accused = rank < verifiers ? [] : chooseRechecks(countVotes(ballots), verifiers, MAX_ACCUSED)
      verdicts.push(
        makeAudit({
          ...audit,
          verifier: nodes.keys[verifier]!,
          seed,
          samples,
          forged: isHonest ? 1 : 0,
          rechecked: accused.map((row) => ({ ...row, forged: isHonest })),
        }),
      )
    }
    alone.push(stateNow().state)
    return { producer, segment, seq: segment, ballots: makeBallots(verdicts, nodes.numberOf) }
  })
  const isVerified = (state: ShardState) => state === 'verified'
  return {
    measured: shareOf(alone, isVerified),
    settled: shareOf(tallyFor(nodes.keys, verifiers, all), isVerified),
  }
}
