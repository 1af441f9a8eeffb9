import type { Ballot, Vote } from '../../protocol/rules/quorum.ts'
import { accuse, ballotCases, met, recheck } from './ballots.ts'

const usual = { median: 0.2, deviation: 0 }
const good = (verifier: number, ...votes: Vote[]): Ballot => ({
  verifier,
  epoch: 20_370,
  ruling: 'good',
  rows: 100,
  unverifiable: 20,
  votes,
})
const bad = (verifier: number, ...votes: Vote[]): Ballot => ({
  ...good(verifier, ...votes),
  ruling: 'forged',
})
const vague = (verifier: number, unverifiable: number): Ballot => ({ ...good(verifier), unverifiable })
const liar = (verifier: number) => ({ verifier, offence: 'accused_falsely' })
const blind = (verifier: number) => ({ verifier, offence: 'passed_forged' })

interface Expected {
  state: string
  liars?: object[]
  /** rows, all of frame kept */
  rechecks?: number[]
}

/** What is expected is written by hand. The quorum is three. */
export async function quorumCases(): Promise<unknown[]> {
  return [
    decide('nobody has looked', [], { state: 'unaudited' }),
    decide('two of three', [good(1), good(2)], { state: 'unaudited' }),
    decide('three of three', [good(1), good(2), good(3)], { state: 'verified' }),
    decide('one of one, of a trusted producer', [good(1)], { state: 'verified' }, { needed: 1 }),
    decide('a fork', [good(1), good(2), good(3)], { state: 'refused' }, { isForked: true }),
    decide('one accuses', [good(1), good(2), bad(3, accuse(7))], { state: 'disputed', rechecks: [7] }),
    decide(
      'one accuses a trusted producer',
      [bad(3, accuse(7))],
      { state: 'disputed', rechecks: [7] },
      { needed: 1 },
    ),
    decide(
      'one accuses where one is the quorum',
      [bad(3, accuse(7))],
      { state: 'refused', rechecks: [7] },
      { quorum: 1, needed: 1 },
    ),
    decide('two accuse the same row', [bad(1, accuse(7)), bad(2, accuse(7))], {
      state: 'refused',
      rechecks: [7],
    }),
    decide('two accuse different rows', [bad(1, accuse(7)), bad(2, accuse(8))], {
      state: 'refused',
      rechecks: [7, 8],
    }),
    decide('one accuses, and another finds it so', [bad(1, accuse(7)), bad(2, recheck(7, true))], {
      state: 'refused',
      rechecks: [7],
    }),
    decide(
      'two accuse different rows, and a third denies one',
      [bad(1, accuse(7)), bad(2, accuse(8)), good(3, recheck(7, false))],
      { state: 'disputed', rechecks: [7, 8] },
    ),
    decide(
      'two accuse a row, and a third denies it',
      [bad(1, accuse(7)), bad(2, accuse(7)), good(3, recheck(7, false))],
      { state: 'disputed', rechecks: [7] },
    ),
    decide(
      'three accuse a row, and a fourth has passed it',
      [bad(1, accuse(7)), bad(2, accuse(7)), bad(3, recheck(7, true)), good(4, met(7))],
      { state: 'refused', liars: [blind(4)], rechecks: [7] },
    ),
    decide(
      'one accuses, three deny: not enough',
      [bad(1, accuse(7)), good(2, recheck(7, false)), good(3, met(7)), good(4, recheck(7, false))],
      { state: 'disputed', rechecks: [7] },
    ),
    decide(
      'one accuses, four deny',
      [
        bad(1, accuse(7)),
        good(2, recheck(7, false)),
        good(3, met(7)),
        good(4, recheck(7, false)),
        good(5, recheck(7, false)),
      ],
      { state: 'verified', liars: [liar(1)] },
    ),
    decide(
      'two accuse, five deny',
      [
        bad(1, accuse(7)),
        bad(2, recheck(7, true)),
        ...[3, 4, 5, 6, 7].map((one) => good(one, recheck(7, false))),
      ],
      { state: 'verified', liars: [liar(1), liar(2)] },
    ),
    decide(
      'a score that another class of device finds right by chance is not denied',
      [bad(1, accuse(7, 'cpu/fp32')), bad(2, accuse(7, 'cpu/fp32')), good(3, met(7, 'cuda/fp16'))],
      { state: 'refused', rechecks: [7] },
    ),
    decide(
      'a score that the same class finds right is',
      [bad(1, accuse(7, 'cpu/fp32')), bad(2, accuse(7, 'cpu/fp32')), good(3, met(7, 'cpu/fp32'))],
      { state: 'disputed', rechecks: [7] },
    ),
    decide(
      'a text that another class finds right is',
      [bad(1, accuse(7)), bad(2, accuse(7)), good(3, met(7, 'cuda/fp16'))],
      { state: 'disputed', rechecks: [7] },
    ),
    decide(
      'who denies two days later comes too late, and before the accusation too early',
      [
        bad(1, accuse(7)),
        bad(2, recheck(7, true)),
        { ...good(3, recheck(7, false)), epoch: 20_372 },
        { ...good(4, met(7)), epoch: 20_372 },
        { ...good(5, recheck(7, false)), epoch: 20_368 },
      ],
      { state: 'refused', rechecks: [7] },
    ),
    decide(
      'the day after is in time, and a match from before the accusation always is',
      [
        bad(1, accuse(7)),
        bad(2, recheck(7, true)),
        { ...good(3, recheck(7, false)), epoch: 20_371 },
        { ...good(4, met(7)), epoch: 20_000 },
      ],
      { state: 'disputed', rechecks: [7] },
    ),
    decide(
      'a word on a row that nobody accuses',
      [good(1, recheck(7, false)), bad(2, recheck(7, true)), good(3, met(7)), good(4)],
      { state: 'verified' },
    ),
    decide(
      'the first row of each accuser comes before the second of any',
      [bad(1, accuse(1), accuse(2), accuse(3)), bad(2, accuse(9))],
      { state: 'refused', rechecks: [1, 9, 2, 3] },
    ),
    decide('as much unverifiable as is usual', [vague(1, 20), vague(2, 25), vague(3, 15)], {
      state: 'verified',
    }),
    decide('three deviations above: sqrt(0.16 / 300) = 0.0231', [vague(1, 26), vague(2, 27), vague(3, 27)], {
      state: 'verified',
    }),
    decide('further above', [vague(1, 27), vague(2, 27), vague(3, 27)], { state: 'held' }),
    decide(
      'further above, where segments differ widely',
      [vague(1, 40), vague(2, 40), vague(3, 40)],
      { state: 'verified' },
      { usual: { median: 0.2, deviation: 0.1 } },
    ),
    decide(
      "a little is nobody's fault: 0.02 + 3 sqrt(0.0196 / 300) = 0.0442",
      [vague(1, 4), vague(2, 4), vague(3, 5)],
      { state: 'verified' },
      { usual: { median: 0, deviation: 0 } },
    ),
    decide(
      'more than a little',
      [vague(1, 4), vague(2, 5), vague(3, 5)],
      { state: 'held' },
      { usual: { median: 0, deviation: 0 } },
    ),
    decide('held at the first verdict', [vague(1, 90)], { state: 'held' }),
    decide(
      'all say that they can say nothing',
      [{ ...vague(1, 60), ruling: 'unclear' }],
      { state: 'held' },
      { usual: { median: 0.9, deviation: 0 } },
    ),
    decide('one says so', [{ ...vague(1, 25), ruling: 'unclear' }, good(2), good(3)], { state: 'unaudited' }),
    need('a newcomer', 0, 3, 3),
    need('nine in a row', 9, 3, 3),
    need('ten in a row', 10, 3, 3),
    need('eleven in a row', 11, 3, 3),
    need('fifteen in a row', 15, 3, 2),
    need('thirty in a row', 30, 3, 1),
    need('thousands in a row', 10_000, 3, 1),
    usually('of nothing', [], 0, 0),
    usually('of one', [0.5], 0.5, 0),
    usually('a cheat among honest ones widens nothing', [0.25, 0.25, 1, 0.25], 0.25, 0),
    usually('of four the second', [0.5, 0.125, 0.25, 0.75], 0.25, 1.4826 * 0.125),
    ...(await ballotCases()),
  ]
}

function decide(
  comment: string,
  ballots: Ballot[],
  { liars = [], rechecks = [], ...expected }: Expected,
  terms: { isForked?: boolean; quorum?: number; needed?: number; usual?: typeof usual } = {},
) {
  const all = { isForked: false, quorum: 3, needed: 3, usual, ...terms }
  return { comment, ballots, terms: all, ...expected, liars, rechecks }
}

function need(comment: string, valid: number, quorum: number, needed: number) {
  return { comment: `needed: ${comment}`, valid, quorum, needed }
}

function usually(comment: string, shares: number[], median: number, deviation: number) {
  return { comment: `usual: ${comment}`, shares, usual: { median, deviation } }
}
