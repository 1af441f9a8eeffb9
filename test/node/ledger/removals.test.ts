import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cidOf, encode } from '../../../protocol/codec.ts'
import type { Sealed, Signer } from '../../../protocol/envelope.ts'
import { makeHead } from '../../../protocol/records/head.ts'
import { makeRemoval, type Removal } from '../../../protocol/records/removal.ts'
import { MAX_HEAD_MS, SKEW_MS } from '../../../protocol/timing.ts'
import {
  forge,
  MINUTE,
  makeSigner,
  NOW,
  type Place,
  sealCampaign,
  syncBoth,
  withLedgers,
} from './make-records.ts'

const DAY = 24 * 60 * MINUTE
/** The first is the organiser, who is a custodian; the others are not. */
const signers = [0, 1, 2].map(makeSigner)
const [organiser, stranger, other] = signers as [Signer, Signer, Signer]
const campaign = await sealCampaign(4)

const removals = suite('removals in the ledger')

const subjectOf = (number: number): Removal['subject'] => ({
  kind: 'url',
  hash: new Uint8Array(32).fill(number + 1),
})

/** For an hour by anybody, unless told otherwise. */
function remove(signer: Signer, change: Partial<Removal> = {}): Promise<Sealed> {
  const seq = change.seq ?? 0
  return makeRemoval(
    {
      ...{ campaign: campaign.id, seq, previous: seq === 0 ? null : cidOf(encode(`before ${seq}`)) },
      ...{ subject: subjectOf(0), reason: 'rights', basis: 'a test', negates: null },
      ...{ issued: NOW, expires: NOW + DAY },
      ...change,
    },
    signer,
  )
}

const takeBack = (signer: Signer, negates: CID, change: Partial<Removal> = {}) =>
  remove(signer, { seq: 1, negates, expires: null, ...change })

function head(signer: Signer, change: Partial<Parameters<typeof makeHead>[0]> = {}): Promise<Sealed> {
  const { thisUpdate = NOW } = change
  return makeHead(
    {
      ...{ campaign: campaign.id, seq: 0, last: null, root: null },
      ...{ thisUpdate, nextUpdate: thisUpdate + MAX_HEAD_MS, ...change },
    },
    signer,
  )
}

/** First bytes of the hashes that are in force, each once. */
function inForce({ ledger, time }: Place): number[] {
  const some = ledger.removalsOf(campaign.id).inForce(time.now)
  return [...new Set(some.map(({ subject }) => subject.hash[0]! - 1))].sort()
}

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

/** Removals of three sources in any places of their chains, and what takes them back: rightly, or another's. */
const event = fc.record({
  signer: fc.nat(2),
  seq: fc.nat(4),
  subject: fc.nat(3),
  /** counts back among the events before this */
  takesBack: fc.option(fc.nat(5), { freq: 2 }),
  to: fc.subarray([0, 1, 2]),
  isTwice: fc.boolean(),
  isHead: fc.boolean(),
})

type Event = typeof event extends fc.Arbitrary<infer One> ? One : never

interface Made {
  sealed: Sealed
  kind: 'removal' | 'takesBack' | 'head'
  subject: number
  signer: number
  /** what it takes back */
  target: Made | null
  isDelivered: boolean
}

/** @param isHonest - whether every source goes on where its chain ends, so that nothing forks */
async function makeRecords(events: Event[], isHonest: boolean): Promise<Made[]> {
  const records: Made[] = []
  const ends = signers.map(() => 0)
  for (const { signer, subject, takesBack, isHead, to, ...made } of events) {
    const seq = isHonest ? ends[signer]! : made.seq
    const by = signers[signer]!
    const target = (seq > 0 && takesBack !== null && records[records.length - 1 - takesBack]) || null
    const one = { subject: target?.subject ?? subject, signer, target, isDelivered: to.length > 0 }
    if (isHead && signer === 0) {
      const sealed = await head(by, { thisUpdate: NOW - made.seq, nextUpdate: NOW + DAY - 5 })
      records.push({ ...one, sealed, kind: 'head' })
      continue
    }
    ends[signer]!++
    const sealed = target
      ? await takeBack(by, target.sealed.id, { seq, subject: subjectOf(target.subject) })
      : await remove(by, { seq, subject: subjectOf(subject) })
    records.push({ ...one, sealed, kind: target ? 'takesBack' : 'removal' })
  }
  return records
}

/** What is in force where all is known that anybody was told of. */
function expected(records: Made[]): number[] {
  const told = records.filter(({ isDelivered }) => isDelivered)
  const left = told.filter(
    (one) =>
      one.kind === 'removal' &&
      !told.some(
        ({ kind, target, signer }) => kind === 'takesBack' && target === one && signer === one.signer,
      ),
  )
  return [...new Set(left.map(({ subject }) => subject))].sort()
}

removals('are the same in force on all nodes, whatever came to which, in whichever order', async () => {
  const events = fc.array(event, { maxLength: 30, size: 'max' })
  const property = fc.asyncProperty(
    events,
    fc.boolean(),
    fc.infiniteStream(fc.nat()),
    async (made, isHonest, chance) => {
      const records = await makeRecords(made, isHonest)
      await withLedgers(3, campaign, async (...places) => {
        const deliveries = places.flatMap((place, i) =>
          made.flatMap(({ to, isTwice }, n) =>
            to.includes(i) ? Array.from({ length: isTwice ? 2 : 1 }, () => ({ place, n })) : [],
          ),
        )
        for (const { place, n } of shuffled(deliveries, chance))
          await place.ledger.add(records[n]!.sealed.bytes, 'gossip')
        const [a, b, c] = places as [Place, Place, Place]
        for (let round = 0; round < 3; round++) {
          await syncBoth(campaign, a.ledger, b.ledger)
          await syncBoth(campaign, b.ledger, c.ledger)
          await syncBoth(campaign, c.ledger, a.ledger)
        }
        for (const one of [b, c]) {
          assert.is(one.ledger.digest(), a.ledger.digest())
          assert.equal(inForce(one), inForce(a))
        }
        if (isHonest) assert.equal(inForce(a), expected(records))
        await b.reopen()
        assert.is(b.ledger.digest(), a.ledger.digest())
        assert.equal(inForce(b), inForce(a))
      })
    },
  )
  await fc.assert(property, { numRuns: 15 })
})

function shuffled<T>(items: T[], chance: Iterator<number>): T[] {
  const left = [...items]
  return items.map(() => left.splice(chance.next().value! % left.length, 1)[0]!)
}

removals.run()
