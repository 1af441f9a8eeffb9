import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startAgenda } from '../../../scripts/sim/agenda.ts'
import { startStream } from '../../../scripts/sim/chance.ts'
import { simulateClaims } from '../../../scripts/sim/claims.ts'

const claims = suite('simulated claims')
const calm = { nodes: 200, segments: 1800, seed: 1, loss: 0, partition: 0, churn: 0 }

claims('are the same for the same seed, and others for another', () => {
  const small = { ...calm, nodes: 20, segments: 100, loss: 0.05, churn: 0.1 }
  assert.equal(simulateClaims(small), simulateClaims(small))
  assert.not.equal(simulateClaims(small), simulateClaims({ ...small, seed: 2 }))
})

claims('nobody does what another does where nothing is lost', () => {
  const { duplicates, unfinished, sameWinners, messagesPerSecond } = simulateClaims(calm)
  assert.equal({ duplicates, unfinished, sameWinners }, { duplicates: 0, unfinished: 0, sameWinners: true })
  // a claim, renewals for 40 minutes, a shard: 3 to 4 records a segment, 1800 segments in some six hours
  assert.ok(messagesPerSecond > 0.2 && messagesPerSecond < 0.4, `${messagesPerSecond}`)
})

claims('hardly anybody does with 5 % of the messages lost', () => {
  const { duplicates, unfinished, sameWinners } = simulateClaims({ ...calm, loss: 0.05 })
  assert.ok(duplicates <= 0.002, `${duplicates}`)
  assert.equal([unfinished, sameWinners], [0, true])
})

claims('all end though nodes die, and all agree after a partition', () => {
  const { duplicates, unfinished, sameWinners } = simulateClaims({ ...calm, partition: 3600, churn: 0.1 })
  assert.ok(duplicates <= 0.002, `${duplicates}`)
  assert.equal([unfinished, sameWinners], [0, true])
})

claims('one node alone does everything', () => {
  const { duplicates, unfinished } = simulateClaims({ ...calm, nodes: 1, segments: 5 })
  assert.equal([duplicates, unfinished], [0, 0])
})

claims('losses too heavy to be repaired show', () => {
  const { duplicates } = simulateClaims({ ...calm, nodes: 20, segments: 100, loss: 0.7 })
  assert.ok(duplicates > 0.01, `${duplicates}`)
})

claims('an agenda gives back by time what it was given in any order', () => {
  const agenda = startAgenda<{ at: number }>()
  const random = startStream(1)
  const times = Array.from({ length: 500 }, () => Math.floor(100 * random()))
  for (const at of times) agenda.add({ at })
  const given = times.map(() => agenda.next()?.at)
  assert.equal(
    given,
    times.toSorted((a, b) => a - b),
  )
  assert.is(agenda.next(), undefined)
})

claims.run()
