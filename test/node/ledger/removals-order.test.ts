import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Sealed } from '../../../protocol/envelope.ts'
import { NOW, type Place, syncBoth, withLedgers } from './make-records.ts'
import { campaign, DAY, head, inForce, remove, signers, subjectOf, takeBack } from './make-removals.ts'

const order = suite('removals in any order')

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

order('are the same in force on all nodes, whatever came to which, in whichever order', async () => {
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

order.run()
