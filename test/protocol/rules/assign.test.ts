import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { idleMs, makeRoster, ownerOf, pickSegment, weigh } from '../../../protocol/rules/assign.ts'
import { startStream } from '../../../scripts/sim/chance.ts'
import { bytesOf, readCases } from '../read-vectors.ts'

interface Case {
  segment: number
  peer?: string
  weight?: number
  peers?: string[]
  owner?: string | null
}

const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest()
const keys = (count: number) => Array.from({ length: count }, (_, i) => new Uint8Array(sha256(`peer ${i}`)))
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const vectors = suite('assign vectors')
for (const { comment, segment, peer, weight, peers, owner } of readCases<Case>('assign')) {
  vectors(comment, () => {
    if (peers === undefined) {
      const digest = sha256(bytesOf(peer!))
      assert.is(weigh(segment, digest.readUInt32BE(0), digest.readUInt32BE(4)), weight)
      return
    }
    const roster = makeRoster(peers.map((key) => bytesOf(key)))
    const found = ownerOf(segment, roster)
    assert.is(found && hex(roster.keys[found.peer]!), owner)
  })
}
vectors.run()

const assign = suite('assign')
const SEGMENTS = 3000
const ownersOf = (peers: Uint8Array[]) => {
  const roster = makeRoster(peers)
  return Array.from({ length: SEGMENTS }, (_, segment) => hex(roster.keys[ownerOf(segment, roster)!.peer]!))
}

assign('the same peers in any order, some twice, share out alike', () => {
  const peers = keys(20)
  const expected = ownersOf(peers)
  fc.assert(
    fc.property(fc.shuffledSubarray([...peers, ...peers], { minLength: 40 }), (shuffled) =>
      assert.equal(ownersOf(shuffled), expected),
    ),
    { numRuns: 5 },
  )
})

assign('a peer that comes takes its own share and moves nothing else', () => {
  const [newcomer, ...others] = keys(21)
  const before = ownersOf(others)
  const after = ownersOf([newcomer!, ...others])
  const moved = after.filter((owner, segment) => owner !== before[segment])
  assert.ok(moved.every((owner) => owner === hex(newcomer!)))
  // 3000 / 21 = 143, standard deviation 12
  assert.ok(Math.abs(moved.length - 143) < 60, `${moved.length}`)
})

assign('shares are as even as chance makes them', () => {
  const counts = new Map<string, number>()
  for (const owner of ownersOf(keys(100))) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 30) ** 2 / 30, 0)
  // 99 degrees of freedom: 14 standard deviations is far from chance, and these keys never change
  assert.ok(chiSquare > 50 && chiSquare < 170, `${chiSquare}`)
})

/** What a node would claim one after the other, alone with a random seed. */
function pickAll(
  self: Uint8Array,
  peers: Uint8Array[],
  segmentCount: number,
  random: () => number,
): number[] {
  const taken = new Set<number>()
  const roster = makeRoster(peers)
  for (;;) {
    const isFree = (segment: number) => !taken.has(segment)
    const segment = pickSegment({ segmentCount, isFree, peers: roster, self, random })
    if (segment === null) return [...taken]
    assert.not(taken.has(segment))
    taken.add(segment)
  }
}

assign('a node picks its own segments first, then all others, and never in order', () => {
  const peers = keys(30)
  const roster = makeRoster(peers)
  fc.assert(
    fc.property(fc.nat(29), fc.nat(), (i, seed) => {
      const self = peers[i]!
      const picked = pickAll(self, peers, 200, startStream(seed))
      assert.equal(
        picked.toSorted((a, b) => a - b),
        Array.from({ length: 200 }, (_, segment) => segment),
      )
      const own = picked.map((segment) => roster.keys[ownerOf(segment, roster)!.peer] === self)
      assert.is(own.lastIndexOf(true), own.filter(Boolean).length - 1)
      const neighbours = picked.filter((segment, at) => at > 0 && segment === picked[at - 1]! + 1)
      assert.ok(neighbours.length < 20, `${neighbours.length} of 200 follow their neighbour`)
    }),
    { numRuns: 20 },
  )
})

assign('a newcomer that nobody has heard of picks as if it were known', () => {
  const [self, ...others] = keys(30)
  const random = () => 0.5
  assert.equal(
    pickAll(self!, others, 100, random).slice(0, 3),
    pickAll(self!, [self!, ...others], 100, random).slice(0, 3),
  )
})

assign('nodes that know each other and nothing else pick apart', () => {
  const peers = keys(200)
  const roster = makeRoster(peers)
  const options = { segmentCount: 2000, isFree: () => true, peers: roster, random: () => 0.5 }
  const picked = peers.map((self) => pickSegment({ ...options, self }))
  assert.is(new Set(picked).size, 200)
})

assign('a helper leaves segments of owners whom it does not hear for later', () => {
  const [self, ...others] = keys(20)
  const peers = makeRoster([self!, ...others])
  const silent = new Set(others.slice(0, 8).map(hex))
  const ownerIn = (segment: number) => hex(peers.keys[ownerOf(segment, peers)!.peer]!)
  const free = new Set(Array.from({ length: 400 }, (_, segment) => segment))
  const random = startStream(1)
  const picked: string[] = []
  while (free.size > 0) {
    const segment = pickSegment({
      segmentCount: 400,
      isFree: (segment) => free.has(segment),
      isHeard: (peer) => !silent.has(hex(peer)),
      peers,
      self: self!,
      random,
    })
    assert.ok(segment !== null && free.delete(segment))
    picked.push(ownerIn(segment))
  }
  // 240 are of peers who are heard; later a few random ones may all be of silent owners
  const early = picked.slice(0, 120).filter((owner) => silent.has(owner)).length
  assert.ok(early < 3, `${early} of the first 120 were of silent owners`)
  assert.is(picked[0], hex(self!))
})

assign('helpers of one owner do not all run to one segment', () => {
  const peers = keys(5)
  const roster = makeRoster(peers)
  const owner = peers[0]!
  const isFree = (segment: number) => roster.keys[ownerOf(segment, roster)!.peer] === owner
  const picked = peers.slice(1).map((self, seed) => {
    return pickSegment({ segmentCount: 100, isFree, peers: roster, self, random: startStream(seed) })
  })
  assert.ok(new Set(picked).size > 1, `${picked}`)
})

assign('alone, or where nothing is free', () => {
  const [self] = keys(1)
  const options = { segmentCount: 5, peers: makeRoster([]), self: self!, random: () => 0 }
  assert.type(pickSegment({ ...options, isFree: () => true }), 'number')
  assert.is(pickSegment({ ...options, isFree: () => false }), null)
  assert.is(pickSegment({ ...options, isFree: (segment) => segment === 3 }), 3)
})

assign('the last free segment is found among many, by whom its turn it is not as well', () => {
  const peers = keys(500)
  const roster = makeRoster(peers)
  const options = { segmentCount: 20_000, isFree: (segment: number) => segment === 12_345, peers: roster }
  for (const self of peers.slice(0, 5)) assert.is(pickSegment({ ...options, self, random: () => 0 }), 12_345)
})

assign('the more peers, the longer an idle one waits', () => {
  assert.is(
    idleMs(3, () => 0.5),
    10_000,
  )
  assert.is(
    idleMs(10_000, () => 0.5),
    500_000,
  )
  assert.ok(idleMs(10_000, () => 0) < idleMs(10_000, () => 0.9))
})

assign.run()
