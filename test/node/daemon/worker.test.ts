import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Ending } from '../../../node/daemon/worker.ts'
import { openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import type { Network } from '../../../node/network/network.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { LEASE_MS } from '../../../protocol/timing.ts'
import {
  MINUTE,
  makeSigner,
  type Place,
  sealCampaign,
  sealClaim,
  sealShard,
  withLedgers,
} from '../ledger/make-records.ts'
import { startNode, until } from '../network/start-node.ts'
import { codeOf } from '../with-node.ts'
import { startOwnWorker } from './start-worker.ts'

const self = makeSigner(1)
const other = makeSigner(2)

const worker = suite('worker')
const stack = new AsyncDisposableStack()
const started: ReturnType<typeof startOwnWorker>[] = []
let here: Network
let there: Network

worker.before(async () => {
  here = await startNode(stack)
  there = await startNode(stack)
  await there.dial(here.addresses()[0]!)
})

worker.after(async () => {
  // those of tests that failed are at work yet
  for (const { end } of started) end('now')
  await Promise.allSettled(started.map(({ ended }) => ended))
  await stack.disposeAsync()
})

function startHere(
  place: Pick<Place, 'ledger' | 'time'>,
  { segments = 1, signer = self, network = here } = {},
) {
  const running = startOwnWorker(place, { segments, signer, network })
  started.push(running)
  return running
}

const hows = (endings: Ending[]) => endings.map(({ how }) => how)

worker('runs several segments at once, each of them once, to the last', async () => {
  const campaign = await sealCampaign(12, { name: 'several' })
  await withLedgers(1, campaign, async (place) => {
    const working = startHere(place!, { segments: 4 })
    for (let done = 0; done < 12; done += 4) {
      const runs = [await working.next(), await working.next(), await working.next(), await working.next()]
      assert.is(working.atWork().length, 4)
      for (const run of runs) await run.finish()
    }
    await until('all are done', () => place!.ledger.counts(campaign.id).done === 12)
    await working.stop()
    assert.equal(
      working.runs.map(({ segment }) => segment).sort((a, b) => a - b),
      [...Array(12).keys()],
    )
    assert.equal(new Set(hows(working.endings)), new Set(['done']))
    assert.is(working.produced(), 12)
  })
})

worker(
  'puts down what is at work when it may not work, gives it back, and goes on with it later',
  async () => {
    const campaign = await sealCampaign(3, { name: 'pause' })
    await withLedgers(1, campaign, async (place) => {
      const working = startHere(place!)
      const run = await working.next()
      working.may.work = false
      working.look()
      await until('it is put down', () => working.endings.length === 1)
      assert.ok(run.signal.aborted)
      assert.equal(hows(working.endings), ['given_up'])
      assert.is(place!.ledger.holding(campaign.id, run.segment).state, 'free')
      working.look()
      assert.equal(working.atWork(), [])
      working.may.work = true
      working.look()
      assert.is((await working.next()).segment, run.segment)
      await working.stop()
    })
  },
)

worker('that found nothing to do waits on when it is looked whether it may work', async () => {
  const campaign = await sealCampaign(1, { name: 'idle' })
  await withLedgers(1, campaign, async (place) => {
    const claim = await sealClaim(campaign, other)
    await place!.ledger.add(claim.bytes, 'sync')
    const working = startHere(place!)
    await new Promise((done) => setTimeout(done, 300))
    place!.time.now += 2 * LEASE_MS
    working.look()
    await new Promise((done) => setTimeout(done, 100))
    assert.is(working.runs.length, 0)
    working.wake()
    await working.next()
    await working.stop()
  })
})

worker('takes nothing while the disk is full, and goes on when there is room', async () => {
  const campaign = await sealCampaign(2, { name: 'full' })
  await withLedgers(1, campaign, async (place) => {
    const working = startHere(place!)
    const first = await working.next()
    working.may.begin = false
    await first.finish()
    await until('what was begun is ended', () => working.endings.length === 1)
    working.wake()
    await new Promise((done) => setTimeout(done, 100))
    assert.is(working.runs.length, 1)
    assert.is(place!.ledger.counts(campaign.id).held, 0)
    working.may.begin = true
    working.wake()
    await working.next()
    await working.stop()
  })
})

worker('that drains finishes what is at work, and takes nothing more', async () => {
  const campaign = await sealCampaign(5, { name: 'drain' })
  await withLedgers(1, campaign, async (place) => {
    const working = startHere(place!, { segments: 2 })
    const runs = [await working.next(), await working.next()]
    working.end('later')
    assert.not(runs.some(({ signal }) => signal.aborted))
    for (const run of runs) await run.finish()
    await working.ended
    assert.equal(hows(working.endings), ['done', 'done'])
    assert.is(working.runs.length, 2)
  })
})

worker('that stops gives its segment back, and another takes it at once', async () => {
  const campaign = await sealCampaign(1, { name: 'stop' })
  await withLedgers(2, campaign, async (mine, theirs) => {
    const hear = (network: Network, { ledger }: Place) =>
      network.subscribe(campaign.id, {
        validate: async (bytes) => (await ledger.add(bytes, 'gossip')).verdict,
      })
    const ends = [hear(here, mine!), hear(there, theirs!)]
    const first = startHere(mine!)
    await first.next()
    const state = () => theirs!.ledger.holding(campaign.id, 0).state
    await until('the other hears of the claim', () => state() === 'held')
    const second = startHere(theirs!, { signer: other, network: there })
    assert.equal(second.atWork(), [])
    await first.stop()
    await until('the other hears of its end', () => state() === 'free')
    second.wake()
    await second.next()
    assert.equal(hows(first.endings), ['given_up'])
    await second.stop()
    for (const end of ends) end()
  })
})

worker('leaves a segment that failed to others for half an hour, and tells of it', async () => {
  const campaign = await sealCampaign(1, { name: 'failing' })
  await withLedgers(1, campaign, async (place) => {
    const working = startHere(place!)
    const run = await working.next()
    run.fail(new ShoalError('source_refused', 'no such file'))
    await until('it has failed', () => working.endings.length === 1)
    const failure = { segment: 0, code: 'source_refused', message: 'no such file' }
    assert.equal(working.failures(), [{ campaign: campaign.id.toString(), ...failure }])
    assert.equal(working.endings, [{ campaign: campaign.id.toString(), how: 'failed', ...failure }])
    assert.is(place!.ledger.holding(campaign.id, 0).state, 'free')
    place!.time.now += 29 * MINUTE
    await new Promise((done) => setTimeout(done, 300))
    working.wake()
    await new Promise((done) => setTimeout(done, 100))
    assert.is(working.runs.length, 1)
    place!.time.now += 2 * MINUTE
    working.wake()
    await working.next()
    await working.stop()
  })
})

worker('gives way to who was first with a shard, and to who claimed first', async () => {
  const campaign = await sealCampaign(2, { name: 'way' })
  await withLedgers(1, campaign, async (place) => {
    const working = startHere(place!)
    const first = await working.next()
    const shard = await sealShard(campaign, other, { segment: first.segment })
    await place!.ledger.add(shard.bytes, 'gossip')
    await until('it has ended', () => working.endings.length === 1)
    assert.ok(first.signal.aborted)
    const second = await working.next()
    const issued = place!.time.now - MINUTE
    const claim = await sealClaim(campaign, other, { segment: second.segment, issued })
    await place!.ledger.add(claim.bytes, 'sync')
    await until('it has ended', () => working.endings.length === 2)
    assert.equal(hows(working.endings), ['lost', 'lost'])
    assert.equal(working.failures(), [])
    const holding = place!.ledger.holding(campaign.id, second.segment)
    assert.equal(holding.state === 'held' && holding.peer, other.publicKey)
    await working.stop()
  })
})

worker('outlives the end of a campaign that it is at work for', async () => {
  const campaign = await sealCampaign(3, { name: 'left' })
  const next = await sealCampaign(3, { name: 'next' })
  await withLedgers(1, campaign, async (place) => {
    const working = startHere(place!)
    const run = await working.next()
    await working.without(campaign.id, async () => {
      assert.ok(run.signal.aborted)
      assert.equal(working.atWork(), [])
      await place!.ledger.leave(campaign.id)
    })
    await place!.ledger.add(next.bytes, 'own')
    working.wake()
    await working.next()
    assert.is(working.atWork()[0]!.campaign, next.id.toString())
    // without being told before: what is published is refused then
    await place!.ledger.leave(next.id)
    await working.runs[1]!.finish()
    await until('it has failed', () => working.endings.length === 2)
    assert.equal(
      working.failures().map(({ code }) => code),
      ['record_refused'],
    )
    await working.stop()
  })
})

worker('ends with the reason where the ledger can be written no more', async () => {
  const campaign = await sealCampaign(3, { name: 'broken' })
  await withLedgers(1, campaign, async (place) => {
    let isBroken = false
    const store = {
      ...place!.store,
      batch: async (...args: Parameters<Place['store']['batch']>) => {
        if (isBroken) throw new Error('no space left on device')
        await place!.store.batch(...args)
      },
    }
    const ledger = await openLedger({ store, verify: verifyInPool, clock: () => place!.time.now })
    const working = startHere({ ledger, time: place!.time }, { segments: 2 })
    const run = await working.next()
    await working.next()
    isBroken = true
    await run.finish()
    assert.is(await codeOf(working.ended), 'ledger_write')
    assert.equal(working.atWork(), [])
    await ledger.close().catch(() => {})
  })
})

worker.run()
