import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  drawRows,
  drawSample,
  type FrameSizes,
  placeIn,
  type Sample,
  sampleCounts,
} from '../../../protocol/rules/sample.ts'
import { bytesOf, readCases } from '../read-vectors.ts'

interface Case {
  proof?: string
  frames?: FrameSizes
  samples?: number
  sample?: Sample
  place?: number
  start?: number
  end?: number
  byte?: number
}
const cases = readCases<Case>('sample')
const proofOf = (i: number) => new Uint8Array(createHash('sha512').update(`proof ${i}`).digest())

const vectors = suite('sample vectors')
for (const { comment, proof, frames, samples, sample, place, start, end, byte } of cases) {
  vectors(comment, () => {
    if (place !== undefined) assert.is(placeIn(place, start!, end!), byte)
    else assert.equal(drawSample(bytesOf(proof!), frames!, samples!), sample)
  })
}
vectors.run()

const sampling = suite('sample')

sampling('is as large as announced, inside its frame, without a row twice, and the same again', () => {
  const sizes = fc.record({ kept: fc.nat(300), dropped: fc.nat(2 ** 31 - 1) })
  fc.assert(
    fc.property(fc.nat(), sizes, fc.integer({ min: 1, max: 80 }), (i, frames, samples) => {
      const sample = drawSample(proofOf(i), frames, samples)
      const counts = sampleCounts(frames, samples)
      for (const frame of ['kept', 'dropped'] as const) {
        assert.is(sample[frame].length, counts[frame])
        assert.is(new Set(sample[frame]).size, counts[frame])
        assert.ok(sample[frame].every((row) => row >= 0 && row < frames[frame]))
      }
      assert.is(sample.source.length, counts.source)
      assert.ok(sample.source.every((place) => Number.isSafeInteger(place) && place >= 0))
      assert.equal(drawSample(proofOf(i), frames, samples), sample)
    }),
    { numRuns: 300 },
  )
})

/** 59 degrees of freedom: below 20 and above 120 lies less than one chance in a million; the proofs never change. */
function assertEven(counts: readonly number[]): void {
  const mean = counts.reduce((a, b) => a + b) / counts.length
  const chiSquare = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0)
  assert.ok(counts.length === 60 && chiSquare > 20 && chiSquare < 120, `${chiSquare}`)
}

sampling('favours no row, by the first drawn and by all', () => {
  const first = Array(60).fill(0)
  const all = Array(60).fill(0)
  for (let i = 0; i < 6000; i++) {
    const rows = drawRows(proofOf(i), 'kept', 60, 20)
    first[rows[0]!]++
    for (const row of rows) all[row]++
  }
  assertEven(first)
  // drawn without repetition, counts vary by two thirds of what chance alone would have
  assert.ok(
    all.every((count) => Math.abs(count - 2000) < 200),
    `${all}`,
  )
})

sampling('favours no row where a word holds no multiple of them, nor part of the source', () => {
  const rows = Array(60).fill(0)
  const places = Array(60).fill(0)
  // three quarters of 2^32: without passing words over, the first third would come twice as often
  const size = 3 * 2 ** 29
  for (let i = 0; i < 3000; i++) {
    for (const row of drawRows(proofOf(i), 'dropped', size, 2)) rows[Math.floor((60 * row) / size)]++
    for (const place of drawSample(proofOf(i), { kept: 0, dropped: 0 }, 4).source)
      places[placeIn(place, 0, 60)]++
  }
  assertEven(rows)
  assertEven(places)
})

sampling('frames are drawn apart', () => {
  assert.not.equal(drawRows(proofOf(1), 'kept', 1000, 20), drawRows(proofOf(1), 'dropped', 1000, 20))
})

sampling.run()
