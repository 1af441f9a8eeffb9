import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeRoster } from '../../../protocol/rules/assign.ts'
import {
  auditDelay,
  chooseVerifiers,
  epochOf,
  mostVerifiers,
} from '../../../protocol/rules/assign-verifiers.ts'
import { bytesOf, readCases } from '../read-vectors.ts'

interface Case {
  segment?: number
  producer?: string
  epoch?: number
  peers?: string[]
  count?: number
  verifiers?: string[] | number
  rank?: number
  needed?: number
  delay?: number | null
  now?: number
}
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const vectors = suite('assign-verifiers vectors')
for (const one of readCases<Case>('assign-verifiers')) {
  vectors(one.comment, () => {
    if (one.now !== undefined) return assert.is(epochOf(one.now), one.epoch)
    if (one.rank !== undefined)
      return assert.is(auditDelay(one.rank, one.needed!, one.verifiers as number), one.delay)
    const roster = makeRoster(one.peers!.map((key) => bytesOf(key)))
    const audit = { segment: one.segment!, producer: bytesOf(one.producer!), epoch: one.epoch! }
    const chosen = chooseVerifiers(audit, roster, one.count!).map((peer) => hex(roster.keys[peer]!))
    assert.equal(chosen, one.verifiers)
  })
}
vectors.run()

const assignment = suite('assign-verifiers')
const keys = Array.from(
  { length: 100 },
  (_, i) => new Uint8Array(createHash('sha256').update(`verifier ${i}`).digest()),
)
const roster = makeRoster(keys)
const producer = roster.keys[0]!

assignment('verifiers get even shares, which change from day to day, and never the producer', () => {
  const counts = Array(100).fill(0)
  let same = 0
  for (let segment = 0; segment < 3000; segment++) {
    const today = chooseVerifiers({ segment, producer, epoch: 20_000 }, roster, 3)
    const [tomorrow] = chooseVerifiers({ segment, producer, epoch: 20_001 }, roster, 1)
    if (tomorrow === today[0]) same++
    for (const peer of today) counts[peer]++
  }
  assert.is(counts[0], 0)
  const chiSquare = counts.slice(1).reduce((sum, count) => sum + (count - 9000 / 99) ** 2 / (9000 / 99), 0)
  // 98 degrees of freedom, and keys that never change
  assert.ok(chiSquare > 50 && chiSquare < 170, `${chiSquare}`)
  // 3000 / 99 = 30
  assert.ok(same > 10 && same < 60, `${same}`)
})

assignment('a verifier that goes leaves its turns to the next ranks, and nothing else changes', () => {
  for (let segment = 0; segment < 50; segment++) {
    const audit = { segment, producer, epoch: 20_000 }
    const before = chooseVerifiers(audit, roster, 4).map((peer) => hex(roster.keys[peer]!))
    const rest = makeRoster(keys.filter((key) => hex(key) !== before[1]))
    const after = chooseVerifiers(audit, rest, 3).map((peer) => hex(rest.keys[peer]!))
    assert.equal(after, [before[0], before[2], before[3]])
  }
})

assignment('two colluding producers of one segment have other verifiers', () => {
  const differ = Array.from({ length: 50 }, (_, segment) => {
    const [one, other] = [producer, roster.keys[1]!].map((peer) =>
      chooseVerifiers({ segment, producer: peer, epoch: 20_000 }, roster, mostVerifiers(3)).join(),
    )
    return one !== other
  })
  assert.equal(new Set(differ), new Set([true]))
})

assignment.run()
