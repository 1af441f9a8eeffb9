import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Change, StateChange } from '../../../node/ledger/ledger.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import type { Sealed } from '../../../protocol/envelope.ts'
import { MAX_VERDICTS_PER_WINDOW } from '../../../protocol/limits.ts'
import { epochOf } from '../../../protocol/rules/assign-verifiers.ts'
import {
  forge,
  MINUTE,
  makeSigner,
  NOW,
  sealCampaign,
  sealClaim,
  sealShard,
  sealVerdict,
  syncBoth,
  withLedgers,
} from './make-records.ts'

const TODAY = epochOf(NOW)
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
    const inOrder = made.map(({ id }) => id).sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    assert.equal(before.ids, inOrder.map(String))
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

verdicts('keeps a verdict that came before its shard until that comes', () =>
  withLedgers(1, campaign, async ({ ledger, checks }) => {
    const early = await sealVerdict(campaign, ana, ben)
    const other = await sealVerdict(campaign, ana, cem, { content: 'another' })
    for (const { bytes } of [early, other, early])
      assert.is((await ledger.add(bytes, 'gossip')).code, 'shard_unknown')
    assert.is(checks.count, 3, 'a replay costs no check, and the campaign one')
    assert.is(ledger.counts(campaign.id).verdicts, 0)
    await ledger.add((await sealShard(campaign, ana)).bytes, 'gossip')
    assert.is(ledger.counts(campaign.id).verdicts, 1)
    assert.equal(await ledger.find(other.id), null)
    assert.is((await ledger.add(early.bytes, 'gossip')).code, 'record_known')
  }),
)

verdicts('refuses what is wrong by a code, and blames nobody for what others may not see', () =>
  withLedgers(2, campaign, async ({ ledger, time }, other) => {
    const judge = async ({ bytes }: { bytes: Uint8Array }, how: 'gossip' | 'sync' = 'gossip') => {
      const { verdict, code } = await ledger.add(bytes, how)
      return `${verdict} ${code}`
    }
    await ledger.add((await sealShard(campaign, ana)).bytes, 'own')
    const good = await sealVerdict(campaign, ana, ben)
    assert.is(await judge({ bytes: forge(good) }), 'reject envelope_signature')
    assert.is(await judge(await sealVerdict(campaign, ana, cem, { proof: ben })), 'reject verdict_proof')
    assert.is(await judge(await sealVerdict(campaign, ana, ana)), 'reject verdict_self')
    assert.is(await judge(await sealVerdict(campaign, ana, ben, { samples: 4 })), 'reject verdict_sample')
    assert.is(await judge(await sealVerdict(campaign, ana, ben, { segment: 100 })), 'reject segment_range')
    const elsewhere = await sealVerdict(campaign, ana, ben, { segment: 1, content: '0 0' })
    assert.is(await judge(elsewhere), 'ignore shard_unknown')
    const old = await sealVerdict(campaign, ana, ben, { epoch: TODAY - 2 })
    assert.is(await judge(old), 'ignore verdict_late')
    assert.is(await judge(old, 'sync'), 'accept ok')
    const early = await sealVerdict(campaign, ana, cem, { epoch: TODAY + 2 })
    assert.is(await judge(early), 'ignore verdict_early')
    time.now += 24 * 60 * MINUTE
    assert.is(await judge(early), 'accept ok', 'in its time')
    await ledger.add((await sealShard(campaign, dea, { content: '0 0' })).bytes, 'gossip')
    const ofCopy = await sealVerdict(campaign, dea, ben, { epoch: TODAY + 1 })
    assert.is(await judge(ofCopy), 'accept ok', "the same manifest, but another's shard")
    await syncBoth(campaign, other.ledger, ledger)
    assert.is(other.ledger.counts(campaign.id).verdicts, 2, 'one is of the day after tomorrow there')
  }),
)

verdicts('takes no more of one key than a verifier can mean, and all of them by sync', async () => {
  const large = await sealCampaign(1000)
  await withLedgers(2, large, async (one, other) => {
    const count = MAX_VERDICTS_PER_WINDOW + 1
    const codes: string[] = []
    for (let segment = 0; segment < count; segment++) {
      const shard = await sealShard(large, ana, { segment, seq: segment, content: `${segment} 0` })
      for (const { ledger } of [one, other]) await ledger.add(shard.bytes, 'gossip')
      const { bytes } = await sealVerdict(large, ana, ben, { segment })
      codes.push((await one.ledger.add(bytes, 'gossip')).code)
      await other.ledger.add(bytes, 'own')
    }
    assert.is(codes.pop(), 'verdict_flood')
    assert.ok(codes.every((code) => code === 'ok'))
    await syncBoth(large, one.ledger, other.ledger)
    assert.is(one.ledger.counts(large.id).verdicts, count)
    assert.is(one.ledger.digest(), other.ledger.digest())
  })
})

verdicts('keeps of a verifier with two tongues the lowest two, and lets neither count', async () => {
  const shard = await sealShard(campaign, ana)
  const said = await Promise.all(
    ['a', 'b', 'c', 'd'].map((deviceClass) => sealVerdict(campaign, ana, ben, { deviceClass })),
  )
  await withLedgers(2, campaign, async (one, other) => {
    for (const { ledger } of [one, other]) await ledger.add(shard.bytes, 'gossip')
    for (const { bytes } of said) await one.ledger.add(bytes, 'gossip')
    for (const { bytes } of said.toReversed()) await other.ledger.add(bytes, 'gossip')
    assert.is(one.ledger.counts(campaign.id).verdicts, 2)
    assert.is(one.ledger.digest(), other.ledger.digest())
    const judgements = await one.ledger.judgements(campaign.id)
    assert.equal(judgements.standing(ben.publicKey).offences, [
      { code: 'verdict_fork', shard: shard.id, segment: 0 },
    ])
    assert.equal(judgements.shard(shard.id)?.counted, [])
  })
})

verdicts('drops the verdicts on a shard with its record, but for those on another record of it', async () => {
  const contents = ['a', 'b', 'c']
  const records = await Promise.all(contents.map((content) => sealShard(campaign, ana, { content })))
  const [low, middle, high] = records
    .map(({ bytes, id }, i) => ({ bytes, id, content: contents[i]! }))
    .sort((a, b) => Buffer.compare(a.id.bytes, b.id.bytes)) as [Named, Named, Named]
  await withLedgers(1, campaign, async ({ ledger, store }) => {
    const add = async ({ bytes }: { bytes: Uint8Array }) => (await ledger.add(bytes, 'gossip')).code
    for (const shard of [middle, high]) {
      await add(shard)
      assert.is(await add(await sealVerdict(campaign, ana, ben, { content: shard.content })), 'ok')
    }
    assert.is(await add(low), 'shard_fork')
    assert.is(ledger.counts(campaign.id).verdicts, 1)
    assert.is((await store.records.keys().all()).length, 3)
  })
  await withLedgers(1, campaign, async ({ ledger }) => {
    const add = async ({ bytes }: { bytes: Uint8Array }) => (await ledger.add(bytes, 'gossip')).code
    await add(await sealShard(campaign, ana, { seq: 1, content: high.content }))
    for (const shard of [middle, high]) await add(shard)
    await add(await sealVerdict(campaign, ana, ben, { content: high.content }))
    await add(low)
    assert.is(ledger.counts(campaign.id).verdicts, 1, 'it is on the second record as well')
    const { shards } = await ledger.judgements(campaign.id)
    assert.equal([...shards()].map(({ good }) => good).sort(), [0, 0, 1])
  })
})

interface Named extends Sealed {
  content: string
}

verdicts('frees the segment of a refused shard for others than its producer', () =>
  withLedgers(1, campaign, async (place) => {
    const { ledger, time } = place
    const shard = await sealShard(campaign, ana, { segment: 7 })
    await ledger.add(shard.bytes, 'gossip')
    assert.is(ledger.holding(campaign.id, 7).state, 'done')
    for (const verifier of [ben, cem]) {
      const { bytes } = await sealVerdict(campaign, ana, verifier, { segment: 7, forged: [0] })
      await ledger.add(bytes, 'gossip')
    }
    const { standing, shard: find } = await ledger.judgements(campaign.id)
    assert.equal(standing(ana.publicKey).offences, [{ code: 'shard_forged', shard: shard.id, segment: 7 }])
    assert.equal(
      find(shard.id)?.accused.map(({ forged, match }) => [forged.length, match.length]),
      [[2, 0]],
    )
    assert.equal(ledger.holding(campaign.id, 7), { state: 'free' })
    assert.is(ledger.isOut(campaign.id, 7, ana.publicKey), true)
    assert.is(ledger.isOut(campaign.id, 7, ben.publicKey), false)
    assert.is(ledger.isOut(campaign.id, 8, ana.publicKey), false)
    const counts = () => {
      const { done, held, states } = ledger.counts(campaign.id)
      const segments = ledger.holdings(campaign.id).map(({ segment, holding }) => [segment, holding.state])
      return { done, held, refused: states.refused, segments }
    }
    await ledger.add((await sealClaim(campaign, ana, { segment: 7 })).bytes, 'gossip')
    assert.equal(counts(), { done: 0, held: 0, refused: 1, segments: [] })
    await ledger.add((await sealClaim(campaign, dea, { segment: 7 })).bytes, 'gossip')
    assert.equal(counts(), { done: 0, held: 1, refused: 1, segments: [[7, 'held']] })
    const again = await sealShard(campaign, dea, { segment: 7, content: 'honest' })
    await ledger.add(again.bytes, 'gossip')
    assert.equal(counts(), { done: 1, held: 0, refused: 1, segments: [[7, 'done']] })
    time.now += 3 * 24 * 60 * MINUTE
    await ledger.sweep()
    await place.reopen()
    assert.equal(
      place.ledger
        .shardsOf(campaign.id, 7)
        .map(({ state }) => state)
        .sort(),
      ['refused', 'unaudited'],
    )
  }),
)

verdicts('judges by the policy of a consumer as well, and changes nothing by that', () =>
  withLedgers(1, campaign, async ({ ledger }) => {
    const shard = await sealShard(campaign, ana)
    await ledger.add(shard.bytes, 'gossip')
    await ledger.add((await sealVerdict(campaign, ana, ben)).bytes, 'gossip')
    const state = async (operators: Uint8Array[] | null, quorum: number) => {
      const { shard: find } = await ledger.judge(campaign.id, { quorum, operators, leastStanding: 0 })
      return find(shard.id)?.state
    }
    assert.is(await state(null, 1), 'verified')
    assert.is(await state(null, 2), 'unaudited')
    assert.is(await state([ben.publicKey], 1), 'verified')
    assert.is(await state([cem.publicKey], 1), 'unaudited')
    assert.is(ledger.counts(campaign.id).states.verified, 0)
  }),
)

verdicts('tallies many in another thread, to the same end', async () => {
  const large = await sealCampaign(1000)
  await withLedgers(1, large, async ({ ledger }) => {
    const records = await Promise.all(
      Array.from({ length: 700 }, async (_, segment) => [
        await sealShard(large, ana, { segment, seq: segment, content: `${segment} 0` }),
        ...(await Promise.all(
          [ben, cem, dea].map((verifier) =>
            sealVerdict(large, ana, verifier, { segment, forged: segment === 5 ? [0] : [] }),
          ),
        )),
      ]),
    )
    await Promise.all(records.flat().map(({ bytes }) => ledger.add(bytes, 'sync')))
    const { states, shard, standing } = await ledger.judgements(large.id)
    assert.equal(states, { unaudited: 0, verified: 699, held: 0, disputed: 0, refused: 1 })
    assert.is(shard(records[5]![0]!.id)?.state, 'refused')
    assert.is(shard(records[5]![0]!.id)?.accused[0]?.forged.length, 3)
    assert.is(standing(ana.publicKey).valid, 694)
    assert.is(ledger.holding(large.id, 5).state, 'free')
  })
})

verdicts('stops in the middle of a judgement', () =>
  withLedgers(1, campaign, async ({ ledger }) => {
    await ledger.add((await sealShard(campaign, ana)).bytes, 'gossip')
    const waiting = ledger.judgements(campaign.id).then(
      () => null,
      (error) => error.code,
    )
    await ledger.close()
    assert.is(await waiting, 'ledger_closed')
  }),
)

verdicts.run()
