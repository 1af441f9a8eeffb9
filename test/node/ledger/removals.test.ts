import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_HEAD_MS, SKEW_MS } from '../../../protocol/timing.ts'
import { forge, NOW, type Place, withLedgers } from './make-records.ts'
import {
  campaign,
  DAY,
  head,
  inForce,
  organiser,
  other,
  remove,
  stranger,
  subjectOf,
  takeBack,
} from './make-removals.ts'

const removals = suite('removals in the ledger')

const add = async (
  { ledger }: Place,
  { bytes }: { bytes: Uint8Array },
  how: 'own' | 'gossip' | 'sync' = 'gossip',
) => (await ledger.add(bytes, how)).code

removals('are in force over restarts, until they are over, and gone some time after that', async () => {
  await withLedgers(1, campaign, async (place) => {
    const forGood = await remove(organiser, { expires: null })
    const forADay = await remove(stranger, { subject: subjectOf(1) })
    assert.equal([await add(place, forGood), await add(place, forADay)], ['ok', 'ok'])
    assert.is(place.ledger.counts(campaign.id).removals, 2)
    assert.is(place.ledger.counts(campaign.id).peers, 0, 'nobody works here for that')
    assert.equal(inForce(place), [0, 1])
    const digest = place.ledger.digest()
    await place.reopen()
    assert.equal(inForce(place), [0, 1])
    assert.is(place.ledger.digest(), digest)
    const known = place.ledger.removalsOf(campaign.id)
    assert.equal(known.on(subjectOf(1), stranger.publicKey, NOW), { id: forADay.id, expires: NOW + DAY })
    assert.is(known.on(subjectOf(1), organiser.publicKey, NOW), null)
    assert.equal(known.last(organiser.publicKey), { id: forGood.id, seq: 0 })
    place.time.now = NOW + DAY
    assert.equal(inForce(place), [0])
    await place.ledger.sweep()
    assert.is(place.ledger.counts(campaign.id).removals, 2)
    place.time.now = NOW + DAY + MAX_HEAD_MS + 2 * SKEW_MS
    await place.ledger.sweep()
    assert.is(place.ledger.counts(campaign.id).removals, 1)
    assert.is(await add(place, forADay), 'removal_expired')
  })
})

removals('a forged, replayed or strange taking back changes nothing', async () => {
  await withLedgers(1, campaign, async (place) => {
    const first = await remove(organiser, { expires: null })
    await add(place, first)
    const own = await takeBack(organiser, first.id)
    assert.is(await add(place, { bytes: forge(own) }), 'envelope_signature')
    assert.is(await add(place, await takeBack(stranger, first.id)), 'removal_negates')
    assert.is(
      await add(place, await takeBack(organiser, first.id, { subject: subjectOf(2) })),
      'removal_negates',
    )
    assert.equal(inForce(place), [0])
    assert.is(await add(place, own), 'ok')
    assert.equal(inForce(place), [])
    // removed once more: what took back the first says nothing of the second
    assert.is(await add(place, await remove(organiser, { seq: 2, expires: null })), 'ok')
    assert.equal(inForce(place), [0])
    assert.is(await add(place, own), 'record_known')
    assert.is(await add(place, await takeBack(organiser, own.id, { seq: 3 })), 'removal_negates')
    assert.equal(inForce(place), [0])
  })
})

removals('what comes before the removal that it takes back waits for it', async () => {
  await withLedgers(1, campaign, async (place) => {
    const first = await remove(stranger)
    assert.is(await add(place, await takeBack(stranger, first.id)), 'removal_unknown')
    assert.is(await add(place, await takeBack(other, first.id)), 'removal_unknown')
    assert.is(place.ledger.counts(campaign.id).removals, 0)
    assert.is(await add(place, first), 'ok')
    assert.is(place.ledger.counts(campaign.id).removals, 2, 'its own alone')
    assert.equal(inForce(place), [])
    place.time.now = NOW + 3 * DAY
    await place.ledger.sweep()
    assert.is(place.ledger.counts(campaign.id).removals, 0, 'they go together')
  })
})

removals('strangers remove for a month at most, and so many at a time', async () => {
  await withLedgers(1, campaign, async (place) => {
    assert.is(await add(place, await remove(stranger, { expires: null })), 'removal_term')
    assert.is(await add(place, await remove(stranger, { expires: NOW + 31 * DAY })), 'removal_term')
    const origin = { kind: 'origin' as const, hash: new Uint8Array(32) }
    assert.is(await add(place, await remove(stranger, { subject: origin })), 'removal_proof')
    const codes: string[] = []
    for (let seq = 0; seq < 61; seq++) codes.push(await add(place, await remove(stranger, { seq })))
    assert.equal([...new Set(codes.slice(0, 60)), codes[60]], ['ok', 'removal_flood'])
    const more = await remove(stranger, { seq: 60 })
    assert.is(await add(place, more, 'sync'), 'ok', 'what was too much comes by sync')
    for (let seq = 0; seq < 70; seq++)
      assert.is(await add(place, await remove(organiser, { seq })), 'ok', 'custodians are trusted')
  })
})

removals('of one place in a chain the two lowest count, and prove the fork', async () => {
  await withLedgers(1, campaign, async (place) => {
    const made = [0, 1, 2].map(async (n) => ({ n, ...(await remove(stranger, { subject: subjectOf(n) })) }))
    const forks = (await Promise.all(made)).sort((a, b) => Buffer.compare(b.id.bytes, a.id.bytes))
    const [highest, ...lower] = forks
    assert.is(await add(place, highest!), 'ok')
    const back = await takeBack(stranger, highest!.id, { subject: subjectOf(highest!.n) })
    assert.is(await add(place, back), 'ok')
    assert.equal(inForce(place), [])
    for (const fork of lower) assert.is(await add(place, fork), 'removal_fork')
    assert.equal(inForce(place), lower.map(({ n }) => n).sort())
    assert.is(place.ledger.counts(campaign.id).removals, 2, 'what took back the third went with it')
    assert.is(await add(place, highest!), 'removal_fork_known')
  })
})

removals('of a custodian the newest head is kept, and no other’s', async () => {
  await withLedgers(1, campaign, async (place) => {
    const heads = async () => (await place.ledger.removalsOf(campaign.id).heads()).map(({ id }) => `${id}`)
    const [first, second] = [await head(organiser), await head(organiser, { thisUpdate: NOW + 1 })]
    assert.is(await add(place, await head(stranger)), 'head_source')
    assert.is(await add(place, first), 'ok')
    assert.is(await add(place, second), 'ok')
    assert.equal(await heads(), [`${second.id}`])
    assert.is(place.ledger.counts(campaign.id).vouchedUntil, NOW + 1 + MAX_HEAD_MS)
    assert.is(await add(place, first), 'head_old')
    await place.reopen()
    assert.equal(await heads(), [`${second.id}`])
    place.time.now = NOW + 1 + MAX_HEAD_MS
    assert.is(place.ledger.counts(campaign.id).vouchedUntil, null)
    place.time.now += 2 * SKEW_MS
    await place.ledger.sweep()
    assert.equal(await heads(), [])
  })
})

removals('stay in the store when the campaign is left', async () => {
  await withLedgers(1, campaign, async (place) => {
    for (const one of [await remove(stranger), await head(organiser)]) await add(place, one)
    await place.ledger.leave(campaign.id)
    assert.is((await place.store.notices.keys().all()).length, 2)
    assert.is((await place.store.records.keys().all()).length, 0)
  })
})

removals.run()
