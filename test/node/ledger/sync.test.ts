import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Ledger } from '../../../node/ledger/ledger.ts'
import { makeClaim } from '../../../protocol/records/claim.ts'
import { epochOf } from '../../../protocol/rules/assign-verifiers.ts'
import { SKEW_MS } from '../../../protocol/timing.ts'
import {
  MINUTE,
  makeChannels,
  makeSigner,
  NOW,
  sealCampaign,
  sealClaim,
  sealShard,
  sealVerdict,
  syncBoth,
  withLedgers,
} from './make-records.ts'
import { viewOf } from './view.ts'

const SEGMENTS = 4
const campaign = await sealCampaign(SEGMENTS)
const signers = [1, 2, 3].map(makeSigner)

const sync = suite('sync')

/** Claims, renewals, releases, shards, forks, and verdicts on them, of three peers on a few segments. */
const record = fc
  .record({
    kind: fc.constantFrom('claim', 'release', 'shard', 'verdict', 'verdict', 'forged', 'recheck'),
    signer: fc.nat(2),
    segment: fc.nat(1),
    seq: fc.nat(3),
    minute: fc.nat(50),
    content: fc.constantFrom('a', 'b'),
    verifier: fc.nat(2),
  })
  .map(async ({ kind, signer, segment, seq, minute, content, verifier }) => {
    const peer = signers[signer]!
    const on = { segment, content, epoch: epochOf(NOW) + (minute % 2), unverifiable: minute % 3 }
    const other = signers[verifier]!
    if (kind === 'verdict') return sealVerdict(campaign, peer, other, on)
    if (kind === 'forged') return sealVerdict(campaign, peer, other, { ...on, forged: [0] })
    if (kind === 'recheck')
      return sealVerdict(campaign, peer, other, { ...on, rechecked: [{ row: 0, forged: minute % 2 > 0 }] })
    if (kind === 'shard') return sealShard(campaign, peer, { segment, seq, content })
    const issued = NOW - minute * MINUTE
    const expires = kind === 'release' ? issued : issued + 60 * MINUTE
    return makeClaim({ campaign: campaign.id, segment, seq, issued, expires }, peer)
  })

sync('gives all nodes the same state, whatever they got in whichever order', async () => {
  const heard = fc.array(fc.record({ record, to: fc.subarray([0, 1, 2]), twice: fc.boolean() }), {
    maxLength: 40,
    size: 'max',
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
      // the second time with verdicts that waited for shards which came in the first
      for (let round = 0; round < 2; round++) {
        await syncBoth(campaign, a, b)
        await syncBoth(campaign, b, c)
        await syncBoth(campaign, c, a)
      }
      const views = await Promise.all([a, b, c].map((ledger) => viewOf(ledger, campaign.id)))
      assert.is(views[1], views[0])
      assert.is(views[2], views[0])
      // nodes that start from nothing with what is left come to the same
      const again = await syncBoth(campaign, a, b)
      assert.equal(again, { received: 0, sent: 0, complete: true })
    })
  })
  await fc.assert(property, { numRuns: 15 })
})

sync('lets nodes with the same verdicts judge the same', async () => {
  const verifiers = [4, 5, 6, 7, 8, 9].map(makeSigner)
  const shards = await Promise.all(
    Array.from({ length: SEGMENTS }, (_, i) => sealShard(campaign, signers[i % 2]!, { segment: i, seq: i })),
  )
  const said = fc.record({
    segment: fc.nat(SEGMENTS - 1),
    verifier: fc.nat(verifiers.length - 1),
    epoch: fc.nat(1).map((days) => epochOf(NOW) - days),
    forged: fc.subarray([0], { minLength: 0 }),
    again: fc.constantFrom<{ row: number; forged: boolean }[][]>(
      [],
      [{ row: 0, forged: true }],
      [{ row: 0, forged: false }],
    ),
    to: fc.nat(2),
  })
  const property = fc.asyncProperty(
    fc.array(said, { minLength: 8, maxLength: 20, size: 'max' }),
    async (all) => {
      await withLedgers(2, campaign, async (one, other) => {
        for (const { ledger } of [one, other])
          for (const { bytes } of shards) await ledger.add(bytes, 'gossip')
        for (const { segment, verifier, epoch, forged, again, to } of all) {
          const fields = { segment, content: `${segment} ${segment}`, epoch, forged, rechecked: again }
          const by = verifiers[verifier]!
          const { bytes } = await sealVerdict(campaign, signers[segment % 2]!, by, fields)
          if (to !== 0) await one.ledger.add(bytes, 'gossip')
          if (to !== 1) await other.ledger.add(bytes, 'gossip')
        }
        await syncBoth(campaign, one.ledger, other.ledger)
        const view = await viewOf(one.ledger, campaign.id)
        assert.is(await viewOf(other.ledger, campaign.id), view)
        await other.reopen()
        assert.is(await viewOf(other.ledger, campaign.id), view)
      })
    },
  )
  await fc.assert(property, { numRuns: 12 })
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
