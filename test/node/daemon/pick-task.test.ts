import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makePicker } from '../../../node/daemon/pick-task.ts'
import { makeRoster, ownerOf } from '../../../protocol/rules/assign.ts'
import { LEASE_MS, QUIET_MS } from '../../../protocol/timing.ts'
import {
  makeSigner,
  NOW,
  type Place,
  sealCampaign,
  sealClaim,
  sealShard,
  withLedgers,
} from '../ledger/make-records.ts'

const SEGMENTS = 40
const self = makeSigner(1)
const other = makeSigner(2)
const campaign = await sealCampaign(SEGMENTS)

const picking = suite('pick-task')

function pickerOf({ ledger, time }: Place) {
  const picker = makePicker({ ledger, signer: self, clock: () => time.now })
  return {
    ...picker,
    next: (isLeft: (segment: number) => boolean = () => false) =>
      picker.pick(ledger.campaigns(), (_, segment) => isLeft(segment), Math.random)?.segment ?? null,
  }
}

picking('goes on first with what this node holds already', () =>
  withLedgers(1, campaign, async (place) => {
    const picker = pickerOf(place!)
    for (const segment of [3, 4])
      await place!.ledger.add((await sealClaim(campaign, other, { segment })).bytes, 'sync')
    for (const segment of [17, 5])
      await place!.ledger.add((await sealClaim(campaign, self, { segment })).bytes, 'own')
    assert.is(picker.next(), 5)
    assert.is(
      picker.next((segment) => segment === 5),
      17,
    )
    // its own shard ends that
    await place!.ledger.add((await sealShard(campaign, self, { segment: 5 })).bytes, 'own')
    assert.is(picker.next(), 17)
    picker.close()
  }),
)

picking('takes neither what is held or done, nor what is left, and then nothing', () =>
  withLedgers(1, campaign, async (place) => {
    const picker = pickerOf(place!)
    const free = new Set(Array.from({ length: SEGMENTS }, (_, i) => i))
    for (let segment = 0; segment < 30; segment++) {
      const record = await (segment % 2 === 0
        ? sealClaim(campaign, other, { segment })
        : sealShard(campaign, other, { segment, seq: segment }))
      await place!.ledger.add(record.bytes, 'sync')
      free.delete(segment)
    }
    const left = new Set<number>()
    for (let segment = picker.next(); segment !== null; segment = picker.next((one) => left.has(one))) {
      assert.ok(free.delete(segment), `${segment}`)
      left.add(segment)
    }
    assert.is(free.size, 0)
    picker.close()
  }),
)

picking('helps a peer that is heard, and takes the segments of one that is not only after all others', () =>
  withLedgers(1, campaign, async (place) => {
    const picker = pickerOf(place!)
    const third = makeSigner(3)
    const roster = makeRoster([self.publicKey, other.publicKey, third.publicKey])
    const ownerNames = new Map([
      [self, 'self'],
      [other, 'quiet'],
      [third, 'heard'],
    ])
    const nameOf = (segment: number) => {
      const key = roster.keys[ownerOf(segment, roster)!.peer]!
      return [...ownerNames].find(([{ publicKey }]) => Buffer.from(publicKey).equals(key))![1]
    }
    await place!.ledger.add((await sealClaim(campaign, other)).bytes, 'gossip')
    // the lease is over by then as well
    place!.time.now = NOW + Math.max(QUIET_MS, 2 * LEASE_MS)
    const lately = await sealClaim(campaign, third, { issued: place!.time.now, expires: place!.time.now })
    await place!.ledger.add(lately.bytes, 'gossip')
    const order: number[] = []
    for (let segment = picker.next(); segment !== null; segment = picker.next((one) => order.includes(one)))
      order.push(segment)
    assert.is(order.length, SEGMENTS)
    const names = order.map(nameOf)
    assert.equal(
      names.filter((name, i) => name !== names[i - 1]),
      ['self', 'heard', 'quiet'],
    )
    picker.close()
  }),
)

picking('takes part in all campaigns alike', () =>
  withLedgers(1, campaign, async (place) => {
    const second = await sealCampaign(SEGMENTS, { name: 'second' })
    await place!.ledger.add(second.bytes, 'own')
    const picker = pickerOf(place!)
    const campaigns = place!.ledger.campaigns()
    assert.equal(campaigns.map(({ campaign }) => campaign.name).sort(), ['second', 'test'])
    const names = Array.from({ length: 60 }, () => picker.pick(campaigns, () => false)!.campaign.name)
    assert.equal([...new Set(names)].sort(), ['second', 'test'])
    assert.is(
      picker.pick([], () => false),
      null,
    )
    picker.close()
  }),
)

picking.run()
