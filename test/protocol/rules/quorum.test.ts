import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Verdict } from '../../../protocol/records/verdict.ts'
import {
  type Ballot,
  chooseRechecks,
  countVotes,
  decideState,
  findLiars,
  findUsual,
  isConvicted,
  makeBallots,
  neededVerifiers,
  type Usual,
  type Vote,
} from '../../../protocol/rules/quorum.ts'
import { fromDagJson, readCases } from '../read-vectors.ts'

interface Case {
  ballots?: Ballot[]
  terms?: { isForked: boolean; quorum: number; needed: number; usual: Usual }
  state?: string
  liars?: { verifier: number; offence: string }[]
  rechecks?: number[]
  valid?: number
  quorum?: number
  needed?: number
  shares?: number[]
  usual?: Usual
  verdicts?: unknown[]
  votes?: Vote[][]
}
const cases = readCases<Case>('quorum')

const vectors = suite('quorum vectors')
for (const one of cases) {
  vectors(one.comment, () => {
    if (one.shares !== undefined) return assert.equal(findUsual(Float64Array.from(one.shares)), one.usual)
    if (one.valid !== undefined) return assert.is(neededVerifiers(one.valid, one.quorum!), one.needed)
    if (one.verdicts !== undefined) {
      const verdicts = one.verdicts.map((json) => fromDagJson(json) as Verdict)
      const keys = verdicts.map(({ verifier }) => String(verifier))
      const ballots = makeBallots(verdicts, (key) => keys.indexOf(String(key)))
      assert.equal(
        ballots.map(({ verifier }) => verifier),
        [...verdicts.keys()],
      )
      return assert.equal(
        ballots.map(({ votes }) => votes),
        one.votes,
      )
    }
    const { ballots, terms } = one as Required<Case>
    const rows = countVotes(ballots)
    assert.is(decideState(ballots, rows, terms), one.state)
    assert.equal(findLiars(rows, terms.quorum), one.liars)
    assert.equal(
      chooseRechecks(rows, terms.quorum, 16).map(({ row }) => row),
      one.rechecks,
    )
    assert.is(decideState(ballots.toReversed(), countVotes(ballots.toReversed()), terms), one.state)
  })
}
vectors.run()

const quorum = suite('quorum')
const terms = cases[0]!.terms!
const vote = fc.record({
  frame: fc.constantFrom('kept' as const, 'dropped' as const),
  row: fc.nat(2),
  forged: fc.boolean(),
  isRecheck: fc.boolean(),
  device: fc.constantFrom(null, 'cpu/fp32', 'cuda/fp16'),
})
const ballot = fc.record({
  verifier: fc.nat(),
  epoch: fc.constant(1),
  ruling: fc.constantFrom('good' as const, 'unclear' as const, 'forged' as const),
  rows: fc.integer({ min: 1, max: 100 }),
  unverifiable: fc.nat(20),
  votes: fc.uniqueArray(vote, { maxLength: 3, selector: ({ frame, row }) => `${frame} ${row}` }),
})
const ballots = fc.uniqueArray(ballot, { maxLength: 9, selector: ({ verifier }) => verifier })
const liarsOf = (some: Ballot[]) =>
  findLiars(countVotes(some), 3)
    .map(({ verifier, offence }) => `${verifier} ${offence}`)
    .sort()

quorum('the order of the ballots changes nothing', () => {
  const shuffled = ballots.chain((some) =>
    fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })),
  )
  fc.assert(
    fc.property(shuffled, ([some, others]) => {
      assert.is(decideState(some, countVotes(some), terms), decideState(others, countVotes(others), terms))
      assert.equal(liarsOf(some), liarsOf(others))
    }),
    { numRuns: 2000 },
  )
})

quorum('whoever accuses nothing and denies nothing is no liar, and no liar is on both sides of a row', () => {
  fc.assert(
    fc.property(ballots, (some) => {
      const liars = findLiars(countVotes(some), 3)
      for (const { verifier, offence } of liars) {
        const { votes } = some.find((one) => one.verifier === verifier)!
        assert.ok(votes.some(({ forged }) => forged === (offence === 'accused_falsely')))
      }
    }),
    { numRuns: 2000 },
  )
})

quorum('one verifier alone convicts nobody, and clears nobody', () => {
  fc.assert(
    fc.property(ballot, (one) => {
      const rows = countVotes([one])
      assert.is(isConvicted(rows, 3), false)
      assert.equal(findLiars(rows, 3), [])
    }),
  )
})

quorum('a liar with many rows does not hide the one row of another', () => {
  const row = (row: number): Vote => ({ frame: 'kept', row, forged: true, isRecheck: false, device: null })
  const base = cases.find(({ ballots }) => ballots?.length === 3)!.ballots![0]!
  const liar = { ...base, verifier: 1, votes: Array.from({ length: 16 }, (_, i) => row(i)) }
  const honest = { ...base, verifier: 2, votes: [row(99)] }
  const chosen = chooseRechecks(countVotes([liar, honest]), 3, 16)
  assert.is(chosen.length, 16)
  assert.equal(
    chosen.slice(0, 2).map(({ row }) => row),
    [0, 99],
  )
})

quorum.run()
