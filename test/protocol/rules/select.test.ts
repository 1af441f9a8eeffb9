import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  compareClaims,
  type Holding,
  isLive,
  isOver,
  precedence,
  select,
} from '../../../protocol/rules/select.ts'
import { CONTENTION_MS, SKEW_MS } from '../../../protocol/timing.ts'
import { bytesOf, readCases } from '../read-vectors.ts'

interface Case {
  segment: number
  claims?: { peer: string; seq: number; issued: number; expires: number }[]
  shards?: { peer: string; seq: number; manifest: string }[]
  now: number
  holding?: { state: string; peer?: string; until?: number; manifest?: string }
  peer?: string
  precedence?: string
}
const cases = readCases<Case>('select')
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const plain = (holding: Holding): Case['holding'] =>
  ({
    ...holding,
    ...('peer' in holding && { peer: hex(holding.peer) }),
    ...('manifest' in holding && { manifest: holding.manifest.toString() }),
  }) as Case['holding']

const vectors = suite('select vectors')
for (const { comment, segment, claims = [], shards = [], now, holding, ...one } of cases) {
  vectors(comment, () => {
    if (one.precedence !== undefined) {
      assert.is(hex(precedence(segment, bytesOf(one.peer!))), one.precedence)
      return
    }
    const records = {
      claims: claims.map((claim) => ({ ...claim, peer: bytesOf(claim.peer) })),
      shards: shards.map((shard) => ({
        ...shard,
        peer: bytesOf(shard.peer),
        manifest: CID.parse(shard.manifest),
      })),
    }
    assert.equal(plain(select(segment, records, now)), holding)
    const turned = { claims: records.claims.toReversed(), shards: records.shards.toReversed() }
    assert.equal(plain(select(segment, turned, now)), holding)
  })
}
vectors.run()

const selection = suite('select')
const NOW = 1_760_000_000_000
const peers = cases.flatMap(({ peer }) => (peer === undefined ? [] : [bytesOf(peer)]))
const manifests = cases.flatMap(({ shards = [] }) => shards).map(({ manifest }) => CID.parse(manifest))
const around = fc.oneof(
  fc.constantFrom(NOW, NOW - CONTENTION_MS, NOW - SKEW_MS, NOW + SKEW_MS),
  fc.integer({ min: NOW - 3 * SKEW_MS, max: NOW + 3 * SKEW_MS }),
)
const claimed = fc
  .record({ peer: fc.constantFrom(...peers), seq: fc.nat(3), issued: around, length: fc.nat(2 * SKEW_MS) })
  .map(({ length, ...claim }) => ({ ...claim, expires: claim.issued + length }))
const sharded = fc.record({
  peer: fc.constantFrom(...peers),
  seq: fc.nat(2),
  manifest: fc.constantFrom(...manifests),
})
const sets = fc.record({
  claims: fc.array(claimed, { maxLength: 8 }),
  shards: fc.array(sharded, { maxLength: 3 }),
})

selection('the order of the records, and repetitions, change nothing', () => {
  const shuffled = sets.chain(({ claims, shards }) =>
    fc.tuple(
      fc.constant({ claims, shards }),
      fc.record({
        claims: fc.shuffledSubarray([...claims, ...claims], { minLength: claims.length * 2 }),
        shards: fc.shuffledSubarray([...shards, ...shards], { minLength: shards.length * 2 }),
      }),
    ),
  )
  fc.assert(
    fc.property(shuffled, ([one, other]) =>
      assert.equal(plain(select(5, one, NOW)), plain(select(5, other, NOW))),
    ),
    { numRuns: 1000 },
  )
})

selection("claims that a newer one of their peer's replaced change nothing", () => {
  fc.assert(
    fc.property(sets, ({ claims, shards }) => {
      const newest = claims.filter((claim) =>
        claims.every((other) => hex(other.peer) !== hex(claim.peer) || compareClaims(claim, other) <= 0),
      )
      assert.equal(
        plain(select(5, { claims, shards }, NOW)),
        plain(select(5, { claims: newest, shards }, NOW)),
      )
    }),
    { numRuns: 1000 },
  )
})

selection('whoever holds a segment has a live claim on it, and a segment with one is held', () => {
  fc.assert(
    fc.property(fc.array(claimed, { maxLength: 4 }), (claims) => {
      const holding = select(5, { claims, shards: [] }, NOW)
      const live = claims.filter(
        (claim) =>
          isLive(claim, NOW) &&
          claims.every((other) => hex(other.peer) !== hex(claim.peer) || compareClaims(claim, other) <= 0),
      )
      assert.is(holding.state === 'held', live.length > 0)
      if (holding.state === 'held') assert.ok(live.some(({ peer }) => hex(peer) === hex(holding.peer)))
    }),
    { numRuns: 1000 },
  )
})

selection('a claim that is over and forgotten changes nothing, now or later', () => {
  fc.assert(
    fc.property(fc.array(claimed, { maxLength: 6 }), fc.nat(10 * SKEW_MS), (all, later) => {
      // of each peer's, the newest alone is kept
      const claims = all.filter(
        (claim, i) => !all.some((other, j) => j !== i && hex(other.peer) === hex(claim.peer) && j < i),
      )
      const kept = claims.filter((claim) => !isOver(claim, NOW))
      assert.equal(
        plain(select(5, { claims, shards: [] }, NOW + later)),
        plain(select(5, { claims: kept, shards: [] }, NOW + later)),
      )
    }),
    { numRuns: 1000 },
  )
})

selection.run()
