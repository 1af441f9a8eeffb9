import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import { MAX_RECORD_BYTES } from '../../../protocol/limits.ts'
import { MAX_AHEAD_MS, SKEW_MS } from '../../../protocol/timing.ts'
import { codeOf } from '../../protocol/fault.ts'
import {
  forge,
  MINUTE,
  makeSigner,
  NOW,
  sealCampaign,
  sealClaim,
  sealNewer,
  sealShard,
  withLedgers,
} from './make-records.ts'

const [ana, ben] = [makeSigner(1), makeSigner(2)]
const campaign = await sealCampaign(100)
const taken = { verdict: 'accept', code: 'ok' }

const ledger = suite('ledger')

ledger('shows whose a segment is, over restarts', () =>
  withLedgers(1, campaign, async (place) => {
    const claim = await sealClaim(campaign, ana, { segment: 5 })
    const shard = await sealShard(campaign, ben, { segment: 6 })
    const changes: unknown[] = []
    const end = place.ledger.subscribe((change) => changes.push(change))
    assert.equal(await place.ledger.add(claim.bytes, 'own'), { ...taken, id: claim.id })
    end()
    assert.equal(await place.ledger.add(shard.bytes, 'gossip'), { ...taken, id: shard.id })
    const work = { segment: 5, peer: ana.publicKey }
    assert.equal(changes, [
      { how: 'own', id: claim.id, kind: 'claim', campaign: campaign.id, work, backoff: null, audit: null },
    ])
    const look = () => ({
      holdings: place.ledger.holdings(campaign.id).map(({ segment, holding }) => [segment, holding.state]),
      counts: place.ledger.counts(campaign.id),
      digest: place.ledger.digest(),
      peers: place.ledger.activePeers(campaign.id),
      claim: place.ledger.claimOf(campaign.id, 5, ana.publicKey)?.value.expires,
      other: place.ledger.claimOf(campaign.id, 6, ana.publicKey),
    })
    const before = look()
    assert.equal(before.holdings, [
      [5, 'held'],
      [6, 'done'],
    ])
    const states = { unaudited: 1, verified: 0, held: 0, disputed: 0, refused: 0 }
    const counts = {
      ...{
        segments: 100,
        done: 1,
        held: 1,
        free: 98,
        claims: 1,
        shards: 1,
        verdicts: 0,
        ...{ removals: 0, vouchedUntil: null },
        states,
        peers: 2,
      },
    }
    assert.equal(before.counts, counts)
    const numbers = (which: Parameters<typeof place.ledger.holdings>[1]) =>
      place.ledger.holdings(campaign.id, which).map(({ segment }) => segment)
    assert.equal(numbers({ state: 'held' }), [5])
    assert.equal(numbers({ state: 'done' }), [6])
    assert.equal(numbers({ after: 5 }), [6])
    assert.equal(numbers({ limit: 1 }), [5])
    assert.is(before.claim, NOW + 60 * MINUTE)
    assert.is(before.other, null)
    assert.is(before.peers.length, 2)
    assert.equal(place.ledger.holding(campaign.id, 7), { state: 'free' })
    await place.reopen()
    assert.equal(look(), before)
    assert.equal(new Uint8Array((await place.ledger.find(claim.id)) ?? []), claim.bytes)
    assert.is((await place.ledger.add(claim.bytes, 'gossip')).code, 'record_known')
  }),
)

ledger('keeps of claims only the newest, and drops those that are over', () =>
  withLedgers(1, campaign, async ({ ledger, time, store }) => {
    const first = await sealClaim(campaign, ana)
    const second = await sealClaim(campaign, ana, { seq: 1, expires: NOW + 80 * MINUTE })
    await ledger.add(first.bytes, 'gossip')
    await ledger.add(second.bytes, 'gossip')
    assert.is(await ledger.find(first.id), null)
    assert.is(ledger.counts(campaign.id).claims, 1)
    assert.is((await ledger.add(first.bytes, 'gossip')).code, 'claim_old', 'a replayed one')
    time.now += 80 * MINUTE + 2 * SKEW_MS
    await ledger.sweep()
    assert.is(ledger.counts(campaign.id).claims, 0)
    assert.equal(ledger.holding(campaign.id, 0), { state: 'free' })
    assert.equal(await store.records.keys().all(), [])
    assert.is((await ledger.add(second.bytes, 'gossip')).code, 'claim_expired', 'it does not come back')
    assert.is(ledger.activePeers(campaign.id).length, 1)
    time.now += 24 * 60 * MINUTE
    await ledger.sweep()
    assert.equal(ledger.activePeers(campaign.id), [])
    assert.equal(await store.members.keys().all(), [])
  }),
)

ledger('keeps of a fork the lowest two, whatever came first', async () => {
  const shards = await Promise.all(
    ['a', 'b', 'c', 'd'].map((content) => sealShard(campaign, ana, { segment: 3, content })),
  )
  await withLedgers(2, campaign, async (one, other) => {
    for (const shard of shards) await one.ledger.add(shard.bytes, 'gossip')
    for (const shard of shards.toReversed()) await other.ledger.add(shard.bytes, 'gossip')
    assert.is(one.ledger.counts(campaign.id).shards, 2)
    assert.is(one.ledger.counts(campaign.id).done, 1)
    assert.is(one.ledger.digest(), other.ledger.digest())
  })
})

ledger('joins only what its own user joins, and forgets what is left', () =>
  withLedgers(1, campaign, async (place) => {
    const second = await sealCampaign(10, { name: 'second' })
    const claim = await sealClaim(second, ana)
    assert.is((await place.ledger.add(claim.bytes, 'gossip')).code, 'campaign_unknown')
    assert.is((await place.ledger.add(second.bytes, 'gossip')).code, 'campaign_unasked')
    assert.equal(await place.ledger.add(second.bytes, 'own'), { ...taken, id: second.id })
    assert.is((await place.ledger.add(second.bytes, 'own')).code, 'campaign_known')
    assert.equal(await place.ledger.add(claim.bytes, 'sync'), { ...taken, id: claim.id })
    const shard = await sealShard(campaign, ben)
    await place.ledger.add(shard.bytes, 'gossip')
    const before = place.ledger.digest(campaign.id)
    await place.ledger.leave(second.id)
    assert.throws(
      () => place.ledger.counts(second.id),
      (error: { code: string }) => error.code === 'campaign_unknown',
    )
    await place.reopen()
    assert.equal(
      place.ledger.campaigns().map(({ id }) => `${id}`),
      [`${campaign.id}`],
    )
    assert.is(place.ledger.digest(), before)
    assert.equal((await place.store.records.keys().all()).length, 1)
  }),
)

ledger('refuses what is wrong by a code, and throws nothing', () =>
  withLedgers(1, campaign, async ({ ledger, time }) => {
    const good = await sealClaim(campaign, ana)
    const judge = async (bytes: Uint8Array) => {
      const { verdict, code } = await ledger.add(bytes, 'gossip')
      return `${verdict} ${code}`
    }
    const forged = forge(good)
    assert.is(await judge(forged), 'reject envelope_signature')
    assert.is(await judge(forged), 'reject envelope_signature', 'remembered')
    const stolen = await sealClaim(campaign, { publicKey: ben.publicKey, sign: ana.sign })
    assert.is(await judge(stolen.bytes), 'reject envelope_signature', "a claim in another's name")
    assert.is(await judge(new Uint8Array(MAX_RECORD_BYTES + 1)), 'reject codec_oversize')
    assert.is(await judge(new Uint8Array([1, 2, 3])), 'reject codec_malformed')
    const far = await sealClaim(campaign, ana, { expires: NOW + MAX_AHEAD_MS + 1 })
    assert.is(await judge(far.bytes), 'ignore claim_far')
    const early = await sealClaim(campaign, ana, { issued: NOW + SKEW_MS + 1 })
    assert.is(await judge(early.bytes), 'ignore claim_early')
    const beyond = await sealShard(campaign, ana, { segment: 100 })
    assert.is(await judge(beyond.bytes), 'reject segment_range')
    assert.is(await judge(await sealNewer(ana)), 'ignore envelope_version')
    assert.is(await judge(good.bytes), 'accept ok')
    time.now += 2 * SKEW_MS
    assert.is(await judge(early.bytes), 'ignore claim_old', 'its time has come, but the same seq ends later')
  }),
)

ledger('sheds gossip that comes faster than it can be checked, and nothing of its own', () =>
  withLedgers(1, campaign, async ({ ledger }) => {
    const shards = await Promise.all(
      Array.from({ length: 600 }, (_, seq) => sealShard(campaign, ana, { segment: seq % 100, seq })),
    )
    const [last, ...others] = shards
    const gossip = others.map(({ bytes }) => ledger.add(bytes, 'gossip'))
    const own = await ledger.add(last!.bytes, 'own')
    assert.is(own.code, 'ok')
    const codes = (await Promise.all(gossip)).map(({ code }) => code)
    assert.equal([...new Set(codes)].sort(), ['ledger_busy', 'ok'])
    const again = await Promise.all(others.map(({ bytes }) => ledger.add(bytes, 'sync')))
    assert.ok(
      again.every(({ code }) => code === 'ok' || code === 'record_known'),
      'and none is lost for it',
    )
  }),
)

ledger('says so when the disk fails, and takes nothing in from then on', () =>
  withLedgers(1, campaign, async ({ store }) => {
    let broken = false
    const batch: typeof store.batch = (...parts) =>
      broken ? Promise.reject(new Error('no space left')) : store.batch(...parts)
    const other = await openLedger({ store: { ...store, batch }, verify: verifyInPool, clock: () => NOW })
    const [first, second] = [await sealShard(campaign, ana), await sealShard(campaign, ben)]
    broken = true
    assert.is(await codeOf(() => other.add(first.bytes, 'gossip')), 'ledger_write')
    broken = false
    assert.is(await codeOf(() => other.add(second.bytes, 'gossip')), 'ledger_write')
    assert.is(await codeOf(() => other.close()), 'ledger_write')
    assert.is(await codeOf(() => other.add(second.bytes, 'gossip')), 'ledger_closed')
    assert.equal(await store.records.keys().all(), [])
  }),
)

ledger.run()
