import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Lease, type LeaseParts, takeLease } from '../../../node/daemon/lease.ts'
import type { Network } from '../../../node/network/network.ts'
import { LEASE_MS, MAX_HOLD_MS, RENEW_MS, SKEW_MS } from '../../../protocol/timing.ts'
import {
  MINUTE,
  makeSigner,
  NOW,
  type Place,
  sealCampaign,
  sealClaim,
  withLedgers,
} from '../ledger/make-records.ts'
import { startNode } from '../network/start-node.ts'
import { codeOf } from '../with-node.ts'

const SEGMENT = 3
const self = makeSigner(1)
const other = makeSigner(2)
const campaign = await sealCampaign(10)

const lease = suite('lease')
const stack = new AsyncDisposableStack()
let network: Network

lease.before(async () => {
  network = await startNode(stack)
})

lease.after(() => stack.disposeAsync())

const partsOf = ({ ledger, time }: Place): LeaseParts => ({
  ...{ ledger, network, signer: self },
  clock: () => time.now,
})

const take = (place: Place): Promise<Lease> => takeLease(partsOf(place), campaign.id, SEGMENT)

const claimOf = ({ ledger }: Place) => ledger.claimOf(campaign.id, SEGMENT, self.publicKey)!.value

function holderOf({ ledger }: Place): Uint8Array | 'free' {
  const holding = ledger.holding(campaign.id, SEGMENT)
  return holding.state === 'free' ? 'free' : holding.peer
}

/** What one node last claimed comes to the other. @returns what the other makes of it */
async function tell(from: Place, to: Place): Promise<string> {
  const { id } = from.ledger.claimOf(campaign.id, SEGMENT, self.publicKey)!
  return (await to.ledger.add((await from.ledger.find(id))!, 'gossip')).code
}

/** Let time pass, minute by minute; the other node hears of everything. */
async function renewTo(end: number, held: Lease, here: Place, there: Place): Promise<void> {
  while (here.time.now < end) {
    here.time.now = Math.min(end, here.time.now + MINUTE)
    there.time.now = here.time.now
    await held.renewInTime()
    await tell(here, there)
  }
}

lease('is renewed when it is time to, by the clock, and began when it began', () =>
  withLedgers(1, campaign, async (here) => {
    const held = await take(here!)
    const first = claimOf(here!)
    assert.equal([first.issued, first.expires], [NOW, NOW + LEASE_MS])
    here!.time.now += RENEW_MS - 1
    await held.renewInTime()
    assert.is(claimOf(here!).seq, first.seq)
    here!.time.now += 1
    await held.renewInTime()
    const second = claimOf(here!)
    assert.ok(second.seq > first.seq)
    assert.equal([second.issued, second.expires], [NOW, NOW + RENEW_MS + LEASE_MS])
  }),
)

lease('lasts no longer than any may, however often it is renewed', () =>
  withLedgers(2, campaign, async (here, there) => {
    const held = await take(here!)
    await renewTo(NOW + MAX_HOLD_MS - 1, held, here!, there!)
    assert.equal(holderOf(there!), self.publicKey)
    assert.is(claimOf(here!).expires, NOW + MAX_HOLD_MS)
    here!.time.now = NOW + MAX_HOLD_MS + RENEW_MS
    assert.is(await codeOf(held.renewInTime()), 'lease_over')
    there!.time.now = NOW + MAX_HOLD_MS + SKEW_MS
    assert.is(holderOf(there!), 'free')
  }),
)

lease('of a machine that slept is lost to whoever took the segment meanwhile', () =>
  withLedgers(1, campaign, async (here) => {
    const held = await take(here!)
    here!.time.now += LEASE_MS + 10 * MINUTE
    const { bytes } = await sealClaim(campaign, other, { segment: SEGMENT, issued: here!.time.now - MINUTE })
    assert.is((await here!.ledger.add(bytes, 'gossip')).code, 'ok')
    assert.is(await codeOf(held.renewInTime()), 'lease_lost')
    assert.equal(holderOf(here!), other.publicKey)
  }),
)

lease('of a machine that slept begins anew where the segment is free, and ousts nobody', () =>
  withLedgers(2, campaign, async (here, there) => {
    const held = await take(here!)
    here!.time.now = there!.time.now = NOW + LEASE_MS + 10 * MINUTE
    // not heard of yet on the machine that slept
    const { bytes } = await sealClaim(campaign, other, { segment: SEGMENT, issued: here!.time.now - MINUTE })
    await there!.ledger.add(bytes, 'gossip')
    await held.renewInTime()
    assert.is(claimOf(here!).issued, here!.time.now)
    assert.equal(holderOf(here!), self.publicKey)
    await tell(here!, there!)
    assert.equal(holderOf(there!), other.publicKey)
  }),
)

lease('is claimed again when a clock that was ahead is set right', () =>
  withLedgers(2, campaign, async (here, there) => {
    here!.time.now = NOW + 90 * MINUTE
    const held = await take(here!)
    assert.is(await tell(here!, there!), 'claim_early')
    here!.time.now = NOW
    await held.renewInTime()
    assert.is(claimOf(here!).issued, NOW)
    assert.is(await tell(here!, there!), 'ok')
    assert.equal(holderOf(there!), self.publicKey)
  }),
)

lease('is given back after hours as well as at once', () =>
  withLedgers(2, campaign, async (here, there) => {
    for (const hours of [0, 5]) {
      const held = await take(here!)
      await tell(here!, there!)
      await renewTo(here!.time.now + hours * 60 * MINUTE, held, here!, there!)
      assert.equal(holderOf(there!), self.publicKey)
      await held.release()
      assert.is(holderOf(here!), 'free')
      assert.is(await tell(here!, there!), 'ok')
      assert.is(holderOf(there!), 'free')
    }
  }),
)

lease('goes on after a restart, with a higher seq', () =>
  withLedgers(1, campaign, async (here) => {
    assert.not((await take(here!)).resumed)
    const first = claimOf(here!)
    here!.time.now += 10 * MINUTE
    await here!.reopen()
    const again = await take(here!)
    const second = claimOf(here!)
    assert.ok(again.resumed)
    assert.is(second.issued, first.issued)
    assert.ok(second.seq > first.seq)
    await again.release()
    const released = claimOf(here!)
    // the release is forgotten here, but perhaps not by everybody
    here!.time.now += 5 * LEASE_MS
    await here!.ledger.sweep()
    assert.is(here!.ledger.claimOf(campaign.id, SEGMENT, self.publicKey), null)
    await here!.reopen()
    assert.not((await take(here!)).resumed)
    assert.ok(claimOf(here!).seq > released.seq)
  }),
)

lease.run()
