import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Change, StateChange } from '../../../node/ledger/ledger.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { makeSigner, sealCampaign, sealShard, sealVerdict, withLedgers } from './make-records.ts'

const [ana, ben, cem, dea] = [makeSigner(1), makeSigner(2), makeSigner(3), makeSigner(4)]
const campaign = await sealCampaign(100)

const verdicts = suite('verdicts')

verdicts('keeps verdicts, tells of them, and judges by them, over restarts', () =>
  withLedgers(1, campaign, async (place) => {
    const shard = await sealShard(campaign, ana, { segment: 7 })
    await place.ledger.add(shard.bytes, 'gossip')
    const changes: Change[] = []
    const states: StateChange[] = []
    place.ledger.subscribe((change) => changes.push(change))
    place.ledger.subscribeStates((change) => states.push(change))
    const made = await Promise.all(
      [ben, cem, dea].map((verifier) => sealVerdict(campaign, ana, verifier, { segment: 7 })),
    )
    for (const { bytes } of made) assert.is((await place.ledger.add(bytes, 'gossip')).code, 'ok')
    const manifest = cidOf(encode('7 0'))
    assert.equal(changes[0], {
      ...{ how: 'gossip', id: made[0]!.id, kind: 'verdict', campaign: campaign.id },
      ...{ work: { segment: 7, peer: ben.publicKey }, backoff: null },
      audit: { producer: ana.publicKey, manifest, ruling: 'good' },
    })
    const look = async () => {
      const judgements = await place.ledger.judgements(campaign.id)
      const one = judgements.shard(shard.id)
      return {
        counts: place.ledger.counts(campaign.id),
        digest: place.ledger.digest(),
        states: judgements.states,
        one: one && { ...one, counted: one.counted.map(String).sort() },
        valid: judgements.standing(ana.publicKey).valid,
        ids: (await place.ledger.verdictsOf(campaign.id, manifest)).map(({ id }) => `${id}`),
      }
    }
    const before = await look()
    assert.is(before.one?.state, 'verified')
    assert.is(before.counts.states.verified, 1)
    assert.is(before.counts.verdicts, 3)
    assert.is(before.one?.good, 3)
    assert.is(before.valid, 1)
    assert.equal(before.ids, made.map(({ id }) => `${id}`).sort())
    assert.equal(
      states.map(({ segment, before: was, state }) => [segment, was, state]),
      [[7, 'unaudited', 'verified']],
    )
    await place.reopen()
    assert.is(place.ledger.counts(campaign.id).states.verified, 1, 'at once')
    assert.equal(await look(), before)
    await place.ledger.leave(campaign.id)
    assert.equal(await place.store.records.keys().all(), [])
  }),
)

verdicts.run()
