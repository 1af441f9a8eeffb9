import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { mapSegments } from '../../../node/daemon/map.ts'
import { SEGMENT_STATES, type SegmentState } from '../../../node/ledger/ledger.ts'
import { makeRecordSet, makeShelf } from '../../../node/ledger/record-set.ts'
import { CLAIM, SHARD } from '../../../node/ledger/rows.ts'
import { segmentStates } from '../../../node/ledger/segment-states.ts'
import { STATES } from '../../../node/ledger/states.ts'
import { codeOf } from '../../protocol/fault.ts'
import {
  MINUTE,
  makeSigner,
  NOW,
  sealCampaign,
  sealClaim,
  sealShard,
  withLedgers,
} from '../ledger/make-records.ts'

const [ana, ben] = [makeSigner(1), makeSigner(2)]
const test = suite('map of segments')

test('shows what the ledger says of each segment, and leases only as long as they hold', async () => {
  const campaign = await sealCampaign(12)
  await withLedgers(1, campaign, async ({ ledger, time }) => {
    for (const [signer, segment] of [
      [ana, 1],
      [ben, 2],
      [ben, 3],
    ] as const)
      await ledger.add((await sealClaim(campaign, signer, { segment })).bytes, 'sync')
    await ledger.add((await sealShard(campaign, ana, { segment: 3 })).bytes, 'sync')
    const request = { campaign: campaign.id.toString(), cells: 12 }
    const map = mapSegments(ledger, ana.publicKey, request)
    assert.is(map.cells, '.ohd........')
    assert.equal(map.counts, { free: 9, held: 1, own: 1, done: 1, verified: 0, refused: 0 })
    assert.equal([map.segments, map.perCell], [12, 1])
    const { done, held, free } = ledger.counts(campaign.id)
    assert.equal([done, held, free], [1, 2, 9])
    assert.is(mapSegments(ledger, makeSigner(9).publicKey, request).cells, '.hhd........')
    // the one at work here is not lost among others
    assert.is(mapSegments(ledger, ana.publicKey, { ...request, cells: 5 }).cells, 'o...')
    assert.is(mapSegments(ledger, ana.publicKey, { ...request, cells: 1 }).cells, 'o')
    time.now += 120 * MINUTE
    assert.is(mapSegments(ledger, ana.publicKey, request).cells, '...d........')
    for (const cells of [0, 10_001, 1.5, Number.NaN])
      assert.is(await codeOf(() => mapSegments(ledger, ana.publicKey, { ...request, cells })), 'map_cells')
    const other = (await sealCampaign(2)).id.toString()
    assert.is(
      await codeOf(() => mapSegments(ledger, ana.publicKey, { campaign: other, cells: 1 })),
      'campaign_unknown',
    )
  })
})

/** Rows alone, as a ledger holds them. */
function makeRows(segments: number) {
  const set = makeRecordSet()
  const shelf = makeShelf(0)
  let number = 0
  const digest = () => {
    const bytes = new Uint8Array(32)
    new DataView(bytes.buffer).setUint32(0, ++number)
    return bytes
  }
  return {
    claim: (segment: number, peer: number) =>
      set.insert(shelf, {
        ...{ digest: digest(), kind: CLAIM, peer, campaign: 0, segment, seq: number },
        ...{ issued: NOW, expires: NOW + 60 * MINUTE },
      }),
    shard(segment: number, peer: number, state: (typeof STATES)[number]) {
      const id = digest()
      set.insert(shelf, {
        ...{ digest: id, kind: SHARD, peer, campaign: 0, segment, seq: number, manifest: digest(), rows: 1 },
      })
      set.setState(shelf, set.findId(id), STATES.indexOf(state))
    },
    states: () => segmentStates(set, shelf, { segments, self: 1, now: NOW }),
  }
}

test('of several records of a segment the one that outdoes the others', () => {
  const rows = makeRows(10)
  const [one, two, self] = [2, 3, 1]
  rows.shard(0, one, 'refused')
  rows.shard(1, one, 'refused')
  rows.claim(1, two)
  rows.shard(2, one, 'unaudited')
  rows.shard(2, two, 'disputed')
  rows.shard(3, two, 'disputed')
  rows.shard(3, one, 'verified')
  rows.shard(4, one, 'held')
  rows.claim(4, self)
  rows.claim(5, self)
  rows.claim(5, one)
  // whoever has a refused shard of it holds it no more
  rows.shard(6, one, 'refused')
  rows.claim(6, one)
  // beyond the campaign: strangers sign what they like
  rows.claim(99, one)
  const told: SegmentState[] = [...rows.states()].map((state) => SEGMENT_STATES[state]!)
  assert.equal(told, [
    ...(['refused', 'held', 'disputed', 'verified', 'done', 'own', 'refused'] as const),
    ...(['free', 'free', 'free'] as const),
  ])
})

test('of a great campaign it takes one walk', () => {
  const segments = 200_000
  const rows = makeRows(segments)
  for (let segment = 0; segment < segments; segment += 2) rows.shard(segment, 2 + (segment % 50), 'verified')
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now()
    rows.states()
    return performance.now() - start
  })
  const least = Math.min(...times)
  assert.ok(least < 200, `${least.toFixed(0)} ms for ${segments / 2} rows`)
})

test.run()
