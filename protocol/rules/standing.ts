import { startCounting } from './count-ballots.ts'
import {
  type AccusedRow,
  type Ballot,
  countVotes,
  decideState,
  findLiars,
  findUsual,
  isConvicted,
  neededVerifiers,
  type ShardState,
  shareUnverifiable,
  type Usual,
} from './quorum.ts'

/** What a consumer asks for before it takes a shard. */
export interface Policy {
  /** good verdicts, on shards of producers without a record */
  quorum: number
  /** whose verdicts count, whatever their rank; null: those of all whose turn it was */
  operators: readonly Uint8Array[] | null
  /** valid shards in a row that a verifier must have */
  leastStanding: number
}

/** Unless a consumer says otherwise: as many as the campaign wants, whoever they are. */
export function defaultPolicy({ verifiers }: { verifiers: number }): Policy {
  return { quorum: verifiers, operators: null, leastStanding: 0 }
}

/** All shards of a campaign and the verdicts on them, in any order. Peers are numbers: places in `peers`. */
export interface TallyInput {
  /** keys of all producers and verifiers, none twice */
  peers: readonly Uint8Array[]
  shards: readonly AuditedShard[]
  /** the campaign's */
  verifiers: number
  policy: Policy
  /**
   * what is known of who runs a verifier, and where: its operator, the /24 or /48 of its address. Of several with one of
   * them in common only the one of the highest rank counts. Nodes may know different things of it
   */
  groupsOf?: (peer: number) => readonly string[]
}

export interface AuditedShard {
  producer: number
  segment: number
  seq: number
  /** of verdicts on this producer's shard of this manifest */
  ballots: readonly Ballot[]
}

export type OffenceCode = 'shard_forged' | 'shard_fork' | 'verdict_fork' | 'accused_falsely' | 'passed_forged'

export interface Standing {
  /** verified shards in a row since the last that was refused, by `seq` */
  valid: number
  /** what is proven against it; `shard` is the place in the tally's list of the shard that shows it */
  offences: { code: OffenceCode; shard: number }[]
}

export interface Judged {
  state: ShardState
  /** good verdicts that it needs, and those that it has */
  needed: number
  good: number
  /** verifiers whose verdicts count, the highest rank first */
  counted: number[]
  accused: AccusedRow[]
}

export interface Tally {
  /** in the order of the input's */
  shards: Judged[]
  /** by peer */
  standings: Standing[]
}

/** Whoever has committed an offence verifies no more: its verdicts don't count, and no roster of verifiers has it. */
export function isZeroed({ offences }: Pick<Standing, 'offences'>): boolean {
  return offences.length > 0
}

/**
 * The state of every shard and the standing of every peer: of the records alone, whatever order they came in.
 *
 * Who has signed two things at once is taken out first. Then verifiers who have lied are, and all is counted again
 * without them; when no more of those are found, the producers of refused shards are, and so on until nobody new is
 * found. In this order whoever is accused by liars has been cleared before it is judged. An offence is not taken back:
 * who was caught once verifies no more. A producer can earn its standing again, shard by shard, if all it did was to
 * publish a shard that was refused.
 */
export function tally(input: TallyInput): Tally {
  const { peers, shards, policy } = input
  const standings = peers.map((): Standing => ({ valid: 0, offences: [] }))
  const zeroed = new Set<number>()
  function note(peer: number, code: OffenceCode, shard: number): void {
    zeroed.add(peer)
    const { offences } = standings[peer]!
    if (!offences.some((one) => one.code === code && one.shard === shard)) offences.push({ code, shard })
  }

  const forked = findForks(shards)
  for (const shard of forked) note(shards[shard]!.producer, 'shard_fork', shard)
  for (const [shard, { ballots }] of shards.entries())
    for (const verifier of findRepeated(ballots)) note(verifier, 'verdict_fork', shard)

  const count = startCounting(input, zeroed)
  /** those that somebody accuses: all others can't show an offence */
  const accused = [...shards.keys()].filter((shard) =>
    shards[shard]!.ballots.some(({ votes }) => votes.length > 0),
  )
  const rowsOf = new Map<number, AccusedRow[]>()
  for (let known = -1; known < zeroed.size; ) {
    known = zeroed.size
    count.update()
    for (const shard of accused) rowsOf.set(shard, countVotes(count.counted[shard]!))
    for (const [shard, rows] of rowsOf)
      for (const { verifier, offence } of findLiars(rows, policy.quorum)) note(verifier, offence, shard)
    if (known < zeroed.size) continue
    for (const [shard, rows] of rowsOf)
      if (isConvicted(rows, policy.quorum)) note(shards[shard]!.producer, 'shard_forged', shard)
  }

  const judge = startJudging(input, forked)
  const valid = judge(count.counted, standings).valid
  for (const [peer, standing] of standings.entries()) standing.valid = valid[peer]!
  const counted =
    policy.leastStanding === 0
      ? count.counted
      : count.counted.map((ballots) =>
          ballots.filter(({ verifier }) => valid[verifier]! >= policy.leastStanding),
        )
  return { shards: judge(counted, standings).shards, standings }
}

/** Shards that share their producer and `seq` with another. */
function findForks(shards: readonly AuditedShard[]): Set<number> {
  const first = new Map<string, number>()
  const forked = new Set<number>()
  for (const [shard, { producer, seq }] of shards.entries()) {
    const place = `${producer} ${seq}`
    const other = first.get(place)
    if (other === undefined) first.set(place, shard)
    else forked.add(other).add(shard)
  }
  return forked
}

function findRepeated(ballots: readonly Ballot[]): number[] {
  return ballots.flatMap(({ verifier }, i) =>
    ballots.some((other, j) => j < i && other.verifier === verifier) ? verifier : [],
  )
}

/** Decides the shards of each producer in the order of `seq`: what came before a shard says how many verdicts it needs. */
function startJudging({ peers, shards, policy }: TallyInput, forked: ReadonlySet<number>) {
  const inOrder = [...shards.keys()].sort(
    (a, b) => shards[a]!.producer - shards[b]!.producer || shards[a]!.seq - shards[b]!.seq,
  )

  return (counted: readonly (readonly Ballot[])[], standings: readonly Standing[]) => {
    const audited = counted.filter((ballots) => ballots.length > 0)
    const usual = findUsual(Float64Array.from(audited, shareUnverifiable))
    const judged = counted.map((ballots, shard) =>
      judgeOne(ballots, { isForked: forked.has(shard), quorum: policy.quorum, usual }),
    )
    const valid = peers.map(() => 0)
    // of each producer's, those up to the last that was refused need all verdicts: it is known for a forger
    const lastRefused = peers.map(() => -1)
    for (const shard of inOrder)
      if (judged[shard]!.state === 'refused') lastRefused[shards[shard]!.producer] = shards[shard]!.seq
    for (const shard of inOrder) {
      const { producer, seq } = shards[shard]!
      const one = judged[shard]!
      if (seq <= lastRefused[producer]!) continue
      one.needed = neededVerifiers(valid[producer]!, policy.quorum)
      if (one.state === 'unaudited' && one.good >= one.needed) one.state = 'verified'
      if (one.state === 'verified' && !hasLied(standings[producer]!)) valid[producer]!++
    }
    return { shards: judged, valid }
  }
}

function judgeOne(
  ballots: readonly Ballot[],
  { isForked, quorum, usual }: { isForked: boolean; quorum: number; usual: Usual },
): Judged {
  const accused = countVotes(ballots)
  return {
    state: decideState(ballots, accused, { isForked, quorum, needed: quorum, usual }),
    needed: quorum,
    good: ballots.filter(({ ruling }) => ruling === 'good').length,
    counted: ballots.map(({ verifier }) => verifier),
    accused,
  }
}

/** As a verifier, not as a producer, of whom a broken machine may be all that is wrong. */
function hasLied({ offences }: Standing): boolean {
  return offences.some(({ code }) => code !== 'shard_forged')
}
