import type { Verdict } from '../../protocol/records/verdict.ts'
import { packFindings } from '../../protocol/records/verdict.ts'
import type { Ballot, Vote } from '../../protocol/rules/quorum.ts'
import { drawSample } from '../../protocol/rules/sample.ts'
import { dagJsonOf, hex, signerOf } from './spelling.ts'
import { verdictFields } from './verdict.ts'

const usual = { median: 0.2, deviation: 0 }
const accuse = (row: number, device: string | null = null): Vote => ({
  frame: 'kept',
  row,
  forged: true,
  isRecheck: false,
  device,
})
const met = (row: number, device = 'cpu/fp32'): Vote => ({
  frame: 'kept',
  row,
  forged: false,
  isRecheck: false,
  device,
})
const recheck = (row: number, forged: boolean): Vote => ({
  frame: 'kept',
  row,
  forged,
  isRecheck: true,
  device: null,
})
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

/** Three verifiers of one shard, the first of whom accuses the row it drew first. */
async function ballotCases() {
  const base = await verdictFields()
  const frames = { kept: 8, dropped: 3 }
  const make = async (
    seed: number,
    find: (row: number) => 'match' | 'alike' | 'unverifiable' | 'forged',
    change: Partial<Verdict> = {},
  ) => {
    const signer = signerOf(seed)
    const proof = await signer.sign(Buffer.from('any'))
    const { kept } = drawSample(proof, frames, 8)
    const findings = [...kept.map(find), ...Array(5).fill('match')]
    return {
      ...base,
      verifier: signer.publicKey,
      proof,
      sampled: { kept: 8, dropped: 3, source: 2 },
      findings: packFindings(findings),
      ...change,
    } as Verdict
  }
  const accusation = (code: string) => [{ frame: 'kept' as const, row: 5, code, found: {} }]
  const accuser = (code: string) =>
    make(3, (row) => (row === 5 ? 'forged' : 'match'), { forged: accusation(code), ruling: 'forged' })
  const ballots = async (comment: string, code: string, others: Verdict[], votes: Vote[][]) => {
    const verdicts = [await accuser(code), ...others]
    return {
      comment: `ballots: ${comment}`,
      verdicts: verdicts.map(dagJsonOf),
      verifiers: verdicts.map(({ verifier }) => hex(verifier)),
      votes,
    }
  }
  const own = accuse(5)
  return [
    await ballots(
      'all rows are in all samples',
      'row_text',
      [await make(4, () => 'match')],
      [[own], [met(5)]],
    ),
    await ballots(
      'what is alike or can not be verified says nothing',
      'row_text',
      [await make(4, () => 'alike'), await make(5, () => 'unverifiable')],
      [[own], [], []],
    ),
    await ballots(
      'what was looked at again counts for more',
      'row_text',
      [await make(4, () => 'match', { rechecked: [{ frame: 'kept', row: 5, forged: true }] })],
      [[own], [recheck(5, true)]],
    ),
    await ballots(
      'a score speaks for the class of its device',
      'row_score',
      [await make(4, () => 'match', { deviceClass: 'cuda/fp16' })],
      [[accuse(5, 'cpu/fp32')], [met(5, 'cuda/fp16')]],
    ),
    await ballots(
      'one that has found it forged and does not list it',
      'row_text',
      [await make(4, (row) => (row === 5 ? 'forged' : 'match'))],
      [[own], [accuse(5, 'cpu/fp32')]],
    ),
  ]
}
