import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { simulateAudits } from '../../../scripts/sim/audit.ts'

const audits = suite('simulated audits')
const few = simulateAudits({ shards: 150, seed: 1 })

audits('are the same for the same seed, and others for another', () => {
  const small = (seed: number) => simulateAudits({ shards: 10, seed })
  assert.equal(small(1), small(1))
  assert.not.equal(small(1), small(2))
})

audits('find out what chance promises', () => {
  assert.is(few.rows.length, 36)
  for (const { forged, verifiers, samples, measured, expected } of few.rows) {
    assert.ok(Math.abs(expected - (1 - (1 - forged) ** (verifiers * samples))) < 1e-12)
    // four standard deviations
    const bound = 4 * Math.sqrt((expected * (1 - expected)) / 150) + 0.01
    assert.ok(
      Math.abs(measured - expected) < bound,
      `${forged} ${verifiers} ${samples}: ${measured} ${expected}`,
    )
  }
})

audits('let hardly any through where some collude, and none once all verdicts are in', () => {
  assert.equal(
    few.colluding.map(({ fraction }) => fraction),
    [0.1, 0.2, 0.33],
  )
  for (const { fraction, measured, expected, settled } of few.colluding) {
    assert.is(expected, fraction ** 3)
    assert.ok(measured <= expected + 4 * Math.sqrt(expected / 150) + 0.01, `${fraction}: ${measured}`)
    assert.ok(settled <= measured)
  }
})

audits.run()
