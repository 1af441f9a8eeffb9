import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Vote } from '../../../protocol/rules/quorum.ts'
import {
  type AuditedShard,
  defaultPolicy,
  isZeroed,
  type Standing,
  type TallyInput,
  tally,
} from '../../../protocol/rules/standing.ts'
import { bytesOf, readCases } from '../read-vectors.ts'

interface Case {
  peers: string[]
  shards: AuditedShard[]
  verifiers: number
  policy: { quorum: number; operators: string[] | null; leastStanding: number }
  states: string[]
  standings: (Standing & { peer: number })[]
}

const vectors = suite('standing vectors')
for (const { comment, peers, shards, verifiers, policy, states, standings } of readCases<Case>('standing')) {
  vectors(comment, () => {
    const operators = policy.operators?.map((key) => bytesOf(key)) ?? null
    const input = {
      peers: peers.map((key) => bytesOf(key)),
      shards,
      verifiers,
      policy: { ...policy, operators },
    }
    const done = tally(input)
    assert.equal(
      done.shards.map(({ state }) => state),
      states,
    )
    const some = done.standings.flatMap((standing, peer) =>
      standing.valid > 0 || isZeroed(standing) ? [{ peer, ...standing }] : [],
    )
    assert.equal(some.map(plain), standings.toSorted((a, b) => a.peer - b.peer).map(plain))
  })
}
vectors.run()

/** Offences in an order of their own: that in which they were found is of no matter. */
function plain({ peer, valid, offences }: Standing & { peer: number }) {
  return { peer, valid, offences: offences.map(({ code, shard }) => `${shard} ${code}`).sort() }
}

const standing = suite('standing')
const keys = Array.from(
  { length: 12 },
  (_, i) => new Uint8Array(createHash('sha256').update(`peer ${i}`).digest()),
)
const vote = fc.record({
  frame: fc.constant('kept' as const),
  row: fc.nat(1),
  forged: fc.boolean(),
  isRecheck: fc.boolean(),
  device: fc.constant(null),
})
const ballot = fc.record({
  verifier: fc.nat(11),
  epoch: fc.constantFrom(1, 2, 4),
  ruling: fc.constantFrom('good' as const, 'good' as const, 'unclear' as const),
  rows: fc.constant(20),
  unverifiable: fc.nat(10),
  votes: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Vote[]>([]) },
    { weight: 1, arbitrary: fc.uniqueArray(vote, { maxLength: 2, selector: ({ row }) => row }) },
  ),
})
const shard = fc.record({
  producer: fc.nat(11),
  segment: fc.nat(20),
  seq: fc.nat(6),
  ballots: fc.uniqueArray(ballot, {
    maxLength: 9,
    selector: ({ verifier, epoch }) => `${verifier} ${epoch % 2}`,
  }),
})
const ledgers = fc.array(shard, { maxLength: 12 })
const inputOf = (shards: AuditedShard[]): TallyInput => ({
  peers: keys,
  shards,
  verifiers: 2,
  policy: defaultPolicy({ verifiers: 2 }),
})

standing('the order of shards, of verdicts and of peers changes nothing', () => {
  const turned = ledgers.chain((shards) =>
    fc.record({
      shards: fc.constant(shards),
      order: fc.shuffledSubarray([...shards.keys()], { minLength: shards.length }),
      names: fc.shuffledSubarray([...keys.keys()], { minLength: keys.length }),
    }),
  )
  fc.assert(
    fc.property(turned, ({ shards, order, names }) => {
      const one = tally(inputOf(shards))
      const rename = (peer: number) => names.indexOf(peer)
      const others = order.map((place): AuditedShard => {
        const { producer, ballots, ...rest } = shards[place]!
        const renamed = ballots.toReversed().map((one) => ({ ...one, verifier: rename(one.verifier) }))
        return { ...rest, producer: rename(producer), ballots: renamed }
      })
      const other = tally({ ...inputOf(others), peers: names.map((peer) => keys[peer]!) })
      for (const [i, place] of order.entries()) {
        const { state, needed, good, counted } = one.shards[place]!
        assert.equal(
          [state, needed, good],
          [other.shards[i]!.state, other.shards[i]!.needed, other.shards[i]!.good],
        )
        assert.equal(counted.map(rename), other.shards[i]!.counted)
      }
      for (const [peer, { valid, offences }] of one.standings.entries()) {
        const theirs = other.standings[rename(peer)]!
        const moved = theirs.offences.map(({ code, shard }) => ({ code, shard: order[shard]! }))
        assert.equal(plain({ peer, valid, offences }), plain({ peer, valid: theirs.valid, offences: moved }))
      }
    }),
    { numRuns: 1000 },
  )
})

standing(
  'nobody who is zeroed counts, nobody verifies its own shard, and what is verified has what it needs',
  () => {
    fc.assert(
      fc.property(ledgers, (shards) => {
        const done = tally(inputOf(shards))
        for (const [i, { state, needed, good, counted }] of done.shards.entries()) {
          assert.ok(counted.every((peer) => !isZeroed(done.standings[peer]!) && peer !== shards[i]!.producer))
          assert.is(new Set(counted).size, counted.length)
          const days = counted.map(
            (peer) => shards[i]!.ballots.find(({ verifier }) => verifier === peer)!.epoch,
          )
          // twice two verifiers and one
          for (const day of days) assert.ok(days.filter((other) => other === day).length <= 5)
          if (state === 'verified') assert.ok(needed >= 1 && good >= needed)
        }
      }),
      { numRuns: 1000 },
    )
  },
)

standing('of several verifiers in one place only the first rank counts', () => {
  const ballots = Array.from({ length: 5 }, (_, i) => ({
    verifier: i + 1,
    epoch: 1,
    ruling: 'good' as const,
    rows: 20,
    unverifiable: 0,
    votes: [],
  }))
  const input = inputOf([{ producer: 0, segment: 0, seq: 0, ballots }])
  const [free] = tally(input).shards
  assert.is(free!.counted.length, 5)
  const [one] = tally({ ...input, groupsOf: () => ['192.0.2.0/24'] }).shards
  assert.equal([one!.state, one!.counted], ['unaudited', free!.counted.slice(0, 1)])
  const apart = (peer: number) => (peer === free!.counted[1] ? ['a'] : ['a', `b${peer}`].slice(1))
  assert.is(tally({ ...input, groupsOf: apart }).shards[0]!.counted.length, 5)
})

standing('a hundred thousand verdicts are tallied in less than some seconds', () => {
  const shards = Array.from({ length: 33_000 }, (_, segment): AuditedShard => {
    const first = 1 + (segment % 9)
    const ballots = [0, 1, 2].map((i) => ({
      verifier: 1 + ((first + i) % 11),
      epoch: 1,
      ruling: 'good' as const,
      rows: 135,
      unverifiable: 0,
      votes: [],
    }))
    return { producer: 0, segment, seq: segment, ballots }
  })
  const start = performance.now()
  const { shards: done } = tally({ ...inputOf(shards), verifiers: 6 })
  // half a second on an idle machine
  assert.ok(performance.now() - start < 30_000)
  assert.ok(done.every(({ state }) => state === 'verified'))
})

standing.run()
