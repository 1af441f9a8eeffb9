import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Ledger } from '../../../node/ledger/ledger.ts'
import { makeClaim } from '../../../protocol/records/claim.ts'
import { SKEW_MS } from '../../../protocol/timing.ts'
import {
  MINUTE,
  makeChannels,
  makeSigner,
  NOW,
  sealCampaign,
  sealClaim,
  sealShard,
  syncBoth,
  withLedgers,
} from './make-records.ts'

const SEGMENTS = 4
const campaign = await sealCampaign(SEGMENTS)
const signers = [1, 2, 3].map(makeSigner)

const sync = suite('sync')

/** Claims, renewals, releases, shards and forks of three peers on a few segments. */
const record = fc
  .record({
    kind: fc.constantFrom('claim', 'release', 'shard'),
    signer: fc.nat(2),
    segment: fc.nat(SEGMENTS - 1),
    seq: fc.nat(3),
    minute: fc.nat(50),
    content: fc.constantFrom('a', 'b', 'c'),
  })
  .map(async ({ kind, signer, segment, seq, minute, content }) => {
    const peer = signers[signer]!
    if (kind === 'shard') return sealShard(campaign, peer, { segment, seq, content })
    const issued = NOW - minute * MINUTE
    const expires = kind === 'release' ? issued : issued + 60 * MINUTE
    return makeClaim({ campaign: campaign.id, segment, seq, issued, expires }, peer)
  })

function viewOf(ledger: Ledger): string {
  const text = (_: string, value: unknown) => (value instanceof Uint8Array ? `${value}` : value)
  return JSON.stringify([ledger.digest(), ledger.holdings(campaign.id)], text)
}

sync('gives all nodes the same state, whatever they got in whichever order', async () => {
  const heard = fc.array(fc.record({ record, to: fc.subarray([0, 1, 2]), twice: fc.boolean() }), {
    maxLength: 25,
  })
  const property = fc.asyncProperty(heard, fc.infiniteStream(fc.nat()), async (events, chance) => {
    const records = await Promise.all(events.map((event) => event.record))
    await withLedgers(3, campaign, async (...places) => {
      for (const [i, { ledger }] of places.entries()) {
        const own = events.flatMap(({ to, twice }, at) => (to.includes(i) ? (twice ? [at, at] : [at]) : []))
        const order = new Map(own.map((at) => [at, chance.next().value]))
        own.sort((a, b) => order.get(a)! - order.get(b)!)
        for (const at of own) await ledger.add(records[at]!.bytes, 'gossip')
      }
      const [a, b, c] = places.map(({ ledger }) => ledger) as [Ledger, Ledger, Ledger]
      await syncBoth(campaign, a, b)
      await syncBoth(campaign, b, c)
      await syncBoth(campaign, c, a)
      assert.is(viewOf(b), viewOf(a))
      assert.is(viewOf(c), viewOf(a))
      // nodes that start from nothing with what is left come to the same
      const again = await syncBoth(campaign, a, b)
      assert.equal(again, { received: 0, sent: 0, complete: true })
    })
  })
  await fc.assert(property, { numRuns: 25 })
})

sync('gives a newcomer all, and takes all that only it has', async () => {
  const large = await sealCampaign(3000)
  await withLedgers(2, large, async (old, young) => {
    for (let segment = 0; segment < 2500; segment++)
      void old.ledger.add((await sealShard(large, makeSigner(1), { segment, seq: segment })).bytes, 'sync')
    for (let segment = 2500; segment < 2600; segment++)
      await young.ledger.add((await sealClaim(large, makeSigner(2), { segment })).bytes, 'gossip')
    await old.ledger.add((await sealShard(large, makeSigner(3))).bytes, 'sync')
    assert.equal(await syncBoth(large, young.ledger, old.ledger), {
      received: 2501,
      sent: 100,
      complete: true,
    })
    assert.is(young.ledger.digest(), old.ledger.digest())
    assert.is(young.ledger.counts(large.id).done, 2500)
    await young.reopen()
    assert.is(young.ledger.digest(), old.ledger.digest())
  })
})

sync('does not bring back for ever what one side has swept', () =>
  withLedgers(2, campaign, async (ahead, behind) => {
    const claim = await sealClaim(campaign, signers[0]!)
    await ahead.ledger.add(claim.bytes, 'gossip')
    await behind.ledger.add(claim.bytes, 'gossip')
    ahead.time.now += 60 * MINUTE + SKEW_MS
    assert.equal(await syncBoth(campaign, ahead.ledger, behind.ledger), {
      received: 0,
      sent: 0,
      complete: true,
    })
    assert.is(ahead.ledger.counts(campaign.id).claims, 0)
    assert.equal(await syncBoth(campaign, behind.ledger, ahead.ledger), {
      received: 0,
      sent: 1,
      complete: true,
    })
    assert.is(ahead.ledger.counts(campaign.id).claims, 0)
    behind.time.now = ahead.time.now
    assert.equal(await syncBoth(campaign, behind.ledger, ahead.ledger), {
      received: 0,
      sent: 0,
      complete: true,
    })
    assert.is(behind.ledger.digest(), ahead.ledger.digest())
  }),
)

sync('says so where the peer has not joined', async () => {
  const second = await sealCampaign(10, { name: 'second' })
  await withLedgers(2, campaign, async (one, other) => {
    await one.ledger.add(second.bytes, 'own')
    const error = await syncBoth(second, one.ledger, other.ledger).then(
      () => null,
      (cause) => cause.code,
    )
    assert.is(error, 'sync_campaign')
  })
})

sync('ends when it is told to, and the next one goes on', () =>
  withLedgers(2, campaign, async (one, other) => {
    for (let seq = 0; seq < 3; seq++)
      await one.ledger.add((await sealShard(campaign, signers[0]!, { segment: seq, seq })).bytes, 'gossip')
    const [here, there] = makeChannels()
    const stop = new AbortController()
    const told: string[] = []
    const answering = other.ledger.answer(there, {
      signal: stop.signal,
      onMisbehaviour: (code) => told.push(code),
    })
    const write: typeof here.write = async (bytes, signal) => {
      // nothing but the digests gets through
      if (bytes.length > 10_000) await here.write(bytes, signal)
    }
    const asking = one.ledger.sync(campaign.id, { ...here, write }, { signal: stop.signal })
    const ends = Promise.allSettled([asking, answering])
    setTimeout(() => stop.abort(new Error('the node stops')), 50)
    assert.equal(
      (await ends).map((end) => end.status === 'rejected' && end.reason.message),
      ['the node stops', 'the node stops'],
    )
    assert.equal(told, [])
    assert.equal(await syncBoth(campaign, one.ledger, other.ledger), { received: 0, sent: 3, complete: true })
    assert.is(one.ledger.digest(), other.ledger.digest())
  }),
)

sync.run()
