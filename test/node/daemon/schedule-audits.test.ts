import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { auditTime, type Waiting } from '../../../node/daemon/schedule-audits.ts'
import { makeRoster } from '../../../protocol/rules/assign.ts'
import { chooseVerifiers } from '../../../protocol/rules/assign-verifiers.ts'
import { PATIENCE_MS } from '../../../protocol/timing.ts'
import { makeSigner } from '../ledger/make-records.ts'

const VERIFIERS = 3
const EPOCH = 20_000
const HEARD = 1_000
const peers = Array.from({ length: 20 }, (_, i) => makeSigner(i).publicKey)
const roster = makeRoster(peers)
const [producer] = peers

const waiting: Waiting = {
  ...{ segment: 7, producer: producer!, state: 'unaudited', needed: VERIFIERS, good: 0, verdicts: 0 },
  ...{ heardAt: HEARD, disputedAt: null },
}
/** keys by their rank */
const ranked = chooseVerifiers({ segment: 7, producer: producer!, epoch: EPOCH }, roster, 19).map(
  (place) => roster.keys[place]!,
)
/** when each rank's turn is, after the shard was heard of */
const turns = (changes: Partial<Waiting> = {}) =>
  ranked.map((self) => {
    const at = auditTime({ ...waiting, ...changes }, self, roster, VERIFIERS, EPOCH)
    return at === null ? null : at - HEARD
  })
const never = (count: number) => Array.from({ length: count }, () => null)
const after = (...steps: number[]) => steps.map((step) => step * PATIENCE_MS)

const scheduling = suite('schedule-audits')

scheduling('the first ranks audit at once, the next step in one by one, the rest never', () => {
  assert.equal(turns(), [...after(0, 0, 0, 1, 2, 3, 4), ...never(12)])
  assert.equal(turns({ good: 2, verdicts: 2 }), turns(), 'while one is missing')
  assert.is(auditTime(waiting, producer!, roster, VERIFIERS, EPOCH), null, 'its producer never')
})

scheduling('fewer are due for a producer with a record', () => {
  assert.equal(turns({ needed: 1 }), [...after(0, 1, 2, 3, 4, 5, 6), ...never(12)])
})

scheduling('nobody is due for what is decided', () => {
  for (const state of ['verified', 'refused'] as const) assert.equal(turns({ state }), never(19))
})

scheduling('a dispute calls all who may ever verify, from when it was seen', () => {
  const disputedAt = HEARD + 1_000_000
  assert.equal(turns({ state: 'disputed', good: 3, verdicts: 4, disputedAt }), [
    ...after(0, 0, 0, 1, 2, 3, 4).map((ms) => ms + 1_000_000),
    ...never(12),
  ])
})

scheduling('a held shard is looked at by as many as it needs, and not by more and more', () => {
  assert.equal(turns({ state: 'held', verdicts: 1 }), [...after(0, 0, 0, 1, 2, 3, 4), ...never(12)])
  assert.equal(turns({ state: 'held', verdicts: 3 }), [...after(0, 0, 0), ...never(16)])
})

scheduling.run()
