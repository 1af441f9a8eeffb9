import { keyOf, seedsOf, weightBySeeds } from './share.ts'
import { hex } from './spelling.ts'

const DAY = 20_370
/** In the order of their keys. Producers are among the first, verifiers among the others. */
const peers = Array.from({ length: 24 }, (_, i) => keyOf(`peer ${i}`)).sort((a, b) => Buffer.compare(a, b))
const [alice, bob] = [0, 1]
const VERIFIERS = Array.from({ length: 20 }, (_, i) => i + 4)

interface BallotOf {
  verifier: number
  epoch: number
  ruling: string
  rows: number
  unverifiable: number
  votes: object[]
}
interface ShardOf {
  producer: number
  segment: number
  seq: number
  ballots: BallotOf[]
}

/** Those whose turn it is, by weights that are reckoned apart from the code. */
function ranked(segment: number, producer: number, among = VERIFIERS, epoch = DAY): number[] {
  const [seed0, seed1] = seedsOf(peers[producer]!)
  const word = weightBySeeds(segment, seed0, (seed1 ^ epoch) >>> 0)
  const weight = (peer: number) => weightBySeeds(word, ...seedsOf(peers[peer]!))
  return among.toSorted((a, b) => weight(b) - weight(a) || a - b)
}

const ballot = (verifier: number, votes: object[] = [], ruling = 'good', epoch = DAY): BallotOf => ({
  verifier,
  epoch,
  ruling,
  rows: 135,
  unverifiable: 0,
  votes,
})
const accusing = (verifier: number, row = 7) =>
  ballot(verifier, [{ frame: 'kept', row, forged: true, isRecheck: false, device: null }], 'forged')
const agreeing = (verifier: number, row = 7) =>
  ballot(verifier, [{ frame: 'kept', row, forged: true, isRecheck: true, device: null }], 'forged')
const denying = (verifier: number, row = 7) =>
  ballot(verifier, [{ frame: 'kept', row, forged: false, isRecheck: true, device: null }])
const shard = (producer: number, seq: number, ballots: BallotOf[], segment = seq): ShardOf => ({
  producer,
  segment,
  seq,
  ballots,
})
/** Verdicts of verifiers who rank among the first whoever else has made some. */
const fine = (producer: number, seq: number, count = 3) =>
  shard(
    producer,
    seq,
    ranked(seq, producer)
      .slice(0, count)
      .map((one) => ballot(one)),
  )
/** All verifiers have said something, so that ranks mean something: of another producer's shard in segment 100. */
const crowd = shard(
  2,
  0,
  VERIFIERS.map((one) => ballot(one)),
  100,
)

/** What is expected is written by hand: the states, and of peers that have any, valid shards and offences. */
export function standingCases(): unknown[] {
  const [first, second, third, fourth, fifth] = ranked(0, alice) as [number, number, number, number, number]
  const row = (count: number, from = 0) => Array.from({ length: count }, (_, i) => fine(alice, from + i))
  const states = (count: number, state = 'verified') => Array(count).fill(state)
  const forged = shard(
    alice,
    12,
    ranked(12, alice)
      .slice(0, 2)
      .map((one) => accusing(one)),
  )
  const disputed = shard(alice, 0, [
    accusing(first),
    ...[second, third, fourth, fifth].map((one) => denying(one)),
  ])
  const late = ranked(0, alice)[7]!
  const listed = { quorum: 1, operators: [late], leastStanding: 0 }
  return [
    judge('no shards', [], [], {}),
    judge(
      'three shards of three verdicts, of two, of none',
      [fine(alice, 0), fine(alice, 1, 2), fine(alice, 2, 0)],
      ['verified', 'unaudited', 'unaudited'],
      { [alice]: { valid: 1 } },
    ),
    judge(
      'verdicts of those who rank eighth and later do not count',
      [
        crowd,
        shard(
          alice,
          0,
          ranked(0, alice)
            .slice(7, 10)
            .map((one) => ballot(one)),
        ),
      ],
      ['verified', 'unaudited'],
      { 2: { valid: 1 } },
    ),
    judge(
      'of those who rank fifth to seventh they do',
      [
        crowd,
        shard(
          alice,
          0,
          ranked(0, alice)
            .slice(4, 7)
            .map((one) => ballot(one)),
        ),
      ],
      ['verified', 'verified'],
      { 2: { valid: 1 }, [alice]: { valid: 1 } },
    ),
    judge(
      'verdicts of two days before count for no rank',
      [
        { ...crowd, ballots: crowd.ballots.map((one) => ({ ...one, epoch: DAY - 2 })) },
        shard(
          alice,
          0,
          ranked(0, alice)
            .slice(7, 10)
            .map((one) => ballot(one)),
        ),
      ],
      ['verified', 'verified'],
      { 2: { valid: 1 }, [alice]: { valid: 1 } },
    ),
    judge(
      'a producer does not verify its own',
      [shard(alice, 0, [ballot(alice), ballot(first), ballot(second)])],
      ['unaudited'],
      {},
    ),
    judge(
      'after fifteen in a row two verdicts are enough, after thirty one',
      [...row(30), fine(alice, 30, 1), fine(alice, 31, 0)],
      [...states(31), 'unaudited'],
      { [alice]: { valid: 31 } },
    ),
    judge(
      'after fifteen one is not enough',
      [...row(15), fine(alice, 15, 1), fine(alice, 16, 2)],
      [...states(15), 'unaudited', 'verified'],
      { [alice]: { valid: 16 } },
    ),
    judge(
      'a forged shard: those before it need all verdicts again, those after it as of a newcomer',
      [...row(11), fine(alice, 11, 2), forged, fine(alice, 13), fine(alice, 14, 2)],
      [...states(11), 'unaudited', 'refused', 'verified', 'unaudited'],
      { [alice]: { valid: 1, offences: [['shard_forged', 12]] } },
    ),
    judge(
      'a forger verifies no more',
      [
        forged,
        fine(bob, 0),
        shard(bob, 1, [
          ballot(alice),
          ...ranked(1, bob)
            .slice(0, 2)
            .map((one) => ballot(one)),
        ]),
      ],
      ['refused', 'verified', 'unaudited'],
      { [alice]: { offences: [['shard_forged', 0]] }, [bob]: { valid: 1 } },
    ),
    judge(
      'two shards in one place',
      [fine(alice, 0), fine(alice, 1), { ...fine(alice, 1), segment: 7 }],
      ['verified', 'refused', 'refused'],
      {
        [alice]: {
          offences: [
            ['shard_fork', 1],
            ['shard_fork', 2],
          ],
        },
      },
    ),
    judge(
      'two verdicts of one verifier on one shard: neither counts, nor do its others',
      [
        shard(alice, 0, [ballot(first), ballot(first, [], 'unclear'), ballot(second), ballot(third)]),
        shard(bob, 0, [ballot(first), ballot(second), ballot(third)]),
      ],
      ['unaudited', 'unaudited'],
      { [first]: { offences: [['verdict_fork', 0]] } },
    ),
    judge(
      'who accuses falsely is out',
      [disputed, shard(bob, 0, [ballot(first), ballot(second), ballot(third)])],
      ['verified', 'unaudited'],
      { [alice]: { valid: 1 }, [first]: { offences: [['accused_falsely', 0]] } },
    ),
    judge(
      'who passes a forged row is out, with all it has passed',
      [
        shard(alice, 0, [accusing(first), agreeing(second), agreeing(third), denying(fourth)]),
        shard(bob, 0, [ballot(second), ballot(third), ballot(fourth)]),
      ],
      ['refused', 'unaudited'],
      { [alice]: { offences: [['shard_forged', 0]] }, [fourth]: { offences: [['passed_forged', 0]] } },
    ),
    judge(
      'liars who accuse an honest producer are found out by another shard of theirs',
      [
        shard(bob, 0, [accusing(first), accusing(second)]),
        disputed,
        shard(alice, 1, [
          accusing(second),
          ...[third, fourth, fifth, ranked(0, alice)[5]!].map((one) => denying(one)),
        ]),
      ],
      ['unaudited', 'verified', 'verified'],
      {
        [alice]: { valid: 2 },
        [first]: { offences: [['accused_falsely', 1]] },
        [second]: { offences: [['accused_falsely', 2]] },
      },
    ),
    judge(
      "a consumer's list: one verdict of an operator on it, whatever its rank",
      [crowd, shard(alice, 0, [ballot(late)]), fine(alice, 1)],
      ['verified', 'verified', ranked(1, alice).slice(0, 3).includes(late) ? 'verified' : 'unaudited'],
      { 2: { valid: 1 }, [alice]: { valid: ranked(1, alice).slice(0, 3).includes(late) ? 2 : 1 } },
      listed,
    ),
    judge(
      'a consumer who wants verifiers that have shown work',
      [fine(alice, 0), shard(bob, 0, [ballot(alice)]), shard(bob, 1, [ballot(first)])],
      ['unaudited', 'verified', 'unaudited'],
      { [alice]: { valid: 1 }, [bob]: { valid: 2 } },
      { quorum: 1, operators: null, leastStanding: 1 },
    ),
  ]
}

function judge(
  comment: string,
  shards: ShardOf[],
  states: string[],
  standings: Record<number, { valid?: number; offences?: [string, number][] }>,
  policy: { quorum: number; operators: number[] | null; leastStanding: number } = {
    quorum: 3,
    operators: null,
    leastStanding: 0,
  },
) {
  const operators = policy.operators?.map((peer) => hex(peers[peer]!)) ?? null
  return {
    comment,
    peers: peers.map(hex),
    shards,
    verifiers: 3,
    policy: { ...policy, operators },
    states,
    standings: Object.entries(standings).map(([peer, { valid = 0, offences = [] }]) => ({
      peer: Number(peer),
      valid,
      offences: offences.map(([code, shard]) => ({ code, shard })),
    })),
  }
}
