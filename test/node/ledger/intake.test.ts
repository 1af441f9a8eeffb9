import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Change } from '../../../node/ledger/ledger.ts'
import { MAX_BACKOFFS_PER_WINDOW, MAX_CLAIMS_PER_WINDOW } from '../../../protocol/limits.ts'
import { HEARSAY_MS, SKEW_MS } from '../../../protocol/timing.ts'
import {
  forge,
  MINUTE,
  makeSigner,
  NOW,
  sealBackoff,
  sealCampaign,
  sealClaim,
  syncBoth,
  withLedgers,
} from './make-records.ts'

const [ana, ben, cem] = [makeSigner(1), makeSigner(2), makeSigner(3)]
const campaign = await sealCampaign(100)

const intake = suite('intake')

intake('takes no more claims of one key than a machine can mean', async () => {
  const large = await sealCampaign(1000)
  await withLedgers(1, large, async ({ ledger, time }) => {
    const claims = await Promise.all(
      Array.from({ length: MAX_CLAIMS_PER_WINDOW + 20 }, (_, segment) => sealClaim(large, cem, { segment })),
    )
    const added = await Promise.all(claims.map(({ bytes }) => ledger.add(bytes, 'gossip')))
    assert.is(added.filter(({ code }) => code === 'ok').length, MAX_CLAIMS_PER_WINDOW)
    assert.is(added.filter(({ code }) => code === 'claim_flood').length, 20)
    const other = await sealClaim(large, ana, { segment: 999 })
    assert.is((await ledger.add(other.bytes, 'gossip')).code, 'ok', 'others are heard')
    time.now += 10 * MINUTE
    const late = claims[added.findIndex(({ code }) => code === 'claim_flood')]!
    assert.is((await ledger.add(late.bytes, 'gossip')).code, 'ok')
  })
})

intake('refuses none of its own claims, however many', async () => {
  const large = await sealCampaign(1000)
  await withLedgers(1, large, async ({ ledger }) => {
    const claims = await Promise.all(
      Array.from({ length: 2 * MAX_CLAIMS_PER_WINDOW }, (_, segment) => sealClaim(large, cem, { segment })),
    )
    const added = await Promise.all(claims.map(({ bytes }) => ledger.add(bytes, 'own')))
    assert.ok(added.every(({ code }) => code === 'ok'))
  })
})

intake(
  "goes on hearing a busy peer after a sync has brought its hours' claims, and what gossip refused",
  async () => {
    const large = await sealCampaign(1000)
    await withLedgers(2, large, async (busy, newcomer) => {
      const claim = (segment: number) => sealClaim(large, cem, { segment })
      const before = await Promise.all(Array.from({ length: 3 * MAX_CLAIMS_PER_WINDOW }, (_, i) => claim(i)))
      for (const { bytes } of before) await busy.ledger.add(bytes, 'own')
      await syncBoth(large, newcomer.ledger, busy.ledger)
      assert.is(newcomer.ledger.counts(large.id).claims, before.length)
      const later = await Promise.all(
        Array.from({ length: MAX_CLAIMS_PER_WINDOW + 1 }, (_, i) => claim(600 + i)),
      )
      const codes: string[] = []
      for (const { bytes } of later) {
        await busy.ledger.add(bytes, 'own')
        codes.push((await newcomer.ledger.add(bytes, 'gossip')).code)
      }
      assert.is(codes.pop(), 'claim_flood')
      assert.ok(codes.every((code) => code === 'ok'))
      await syncBoth(large, newcomer.ledger, busy.ledger)
      assert.is(newcomer.ledger.digest(), busy.ledger.digest(), 'the one too many comes by sync')
    })
  },
)

intake('tells of a back-off once, and keeps nothing of it', () =>
  withLedgers(1, campaign, async (place) => {
    const { ledger, store, checks } = place
    const changes: Change[] = []
    ledger.subscribe((change) => changes.push(change))
    const digest = ledger.digest()
    const asked = await sealBackoff(campaign, ana)
    const long = await sealBackoff(campaign, ben, { host: 'b.example:8080', until: NOW + 24 * 60 * MINUTE })
    const twice = await Promise.all([ledger.add(asked.bytes, 'gossip'), ledger.add(asked.bytes, 'gossip')])
    assert.equal(twice.map(({ verdict, code }) => `${verdict} ${code}`).sort(), [
      'accept ok',
      'ignore backoff_known',
    ])
    await ledger.add(long.bytes, 'own')
    const checked = checks.count
    for (const how of ['gossip', 'own'] as const)
      assert.is((await ledger.add(asked.bytes, how)).code, 'backoff_known')
    assert.is(checks.count, checked, 'a replay costs no check')
    const of = { kind: 'backoff', campaign: campaign.id, work: null, audit: null } as const
    assert.equal(changes, [
      { how: 'gossip', id: asked.id, ...of, backoff: { host: 'photos.example', until: NOW + 30 * MINUTE } },
      { how: 'own', id: long.id, ...of, backoff: { host: 'b.example:8080', until: NOW + HEARSAY_MS } },
    ])
    assert.is(ledger.digest(), digest)
    assert.is(await ledger.find(asked.id), null)
    assert.equal(ledger.activePeers(campaign.id), [])
    assert.equal(await store.records.keys().all(), [])
    assert.equal(await store.peers.keys().all(), [])
    await place.reopen()
    assert.is(place.ledger.digest(), digest)
  }),
)

intake('believes no key that silences host after host, and nobody about what is over', () =>
  withLedgers(1, campaign, async ({ ledger, time }) => {
    const judge = async (record: { bytes: Uint8Array }) => {
      const { verdict, code } = await ledger.add(record.bytes, 'gossip')
      return `${verdict} ${code}`
    }
    const name = (i: number) => ({ host: `${i}.example` })
    for (let i = 0; i < MAX_BACKOFFS_PER_WINDOW; i++)
      assert.is(await judge(await sealBackoff(campaign, cem, name(i))), 'accept ok')
    const more = await sealBackoff(campaign, cem, name(99))
    assert.is(await judge(more), 'ignore backoff_flood')
    assert.is(await judge(await sealBackoff(campaign, ana, name(99))), 'accept ok', 'others are heard')
    assert.is(await judge(await sealClaim(campaign, cem)), 'accept ok', 'and its claims')
    time.now += 10 * MINUTE
    assert.is(await judge(more), 'accept ok')
    assert.is(await judge({ bytes: forge(more) }), 'reject envelope_signature')
    const over = await sealBackoff(campaign, ben, { until: time.now })
    assert.is(await judge(over), 'ignore backoff_expired')
    const early = await sealBackoff(campaign, ben, {
      issued: time.now + SKEW_MS + 1,
      until: time.now + HEARSAY_MS,
    })
    assert.is(await judge(early), 'ignore backoff_early')
    time.now += SKEW_MS
    assert.is(await judge(early), 'accept ok', 'in its time')
    const unknown = await sealBackoff(await sealCampaign(10, { name: 'another' }), ben)
    assert.is(await judge(unknown), 'ignore campaign_unknown')
  }),
)

intake('blames a peer that syncs a back-off, and nobody who gossips the same', () =>
  withLedgers(1, campaign, async ({ ledger }) => {
    const { bytes } = await sealBackoff(campaign, ana)
    const add = async (how: 'gossip' | 'sync') => {
      const { verdict, code } = await ledger.add(bytes, how)
      return `${verdict} ${code}`
    }
    assert.is(await add('sync'), 'reject backoff_synced')
    assert.is(await add('gossip'), 'accept ok')
    assert.is(await add('sync'), 'reject backoff_synced')
    assert.is(await add('gossip'), 'ignore backoff_known')
  }),
)

intake.run()
