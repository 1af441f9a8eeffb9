import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listSegments, type SegmentStanding } from '../../../node/daemon/list-segments.ts'
import { nameOfPeer } from '../../../node/identity.ts'
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
const [first, second] = [await sealCampaign(100), await sealCampaign(200)]
const self = nameOfPeer(ana.publicKey)

const listing = suite('list of segments')

listing('pages of any size come to the same list, over the end of a campaign', () =>
  withLedgers(1, first, async ({ ledger }) => {
    await ledger.add(second.bytes, 'own')
    for (const campaign of [first, second]) {
      for (const segment of [3, 5])
        await ledger.add((await sealClaim(campaign, ana, { segment })).bytes, 'own')
      for (const [seq, segment] of [9, 4, 77].entries())
        await ledger.add(
          (await sealShard(campaign, ben, { segment, seq: seq + (campaign === first ? 0 : 10) })).bytes,
          'sync',
        )
    }
    const all = listSegments(ledger, self, { state: null, after: null, limit: 1000 })
    assert.equal(
      all.map(({ segment }) => segment),
      [3, 4, 5, 9, 77, 3, 4, 5, 9, 77],
    )
    for (const limit of [1, 2, 3, 5, 9, 10]) {
      const paged: SegmentStanding[] = []
      for (let after: SegmentStanding | null = null; ; after = paged.at(-1)!) {
        const page = listSegments(ledger, self, { state: null, after, limit })
        paged.push(...page)
        if (page.length < limit) break
      }
      assert.equal(paged, all, `pages of ${limit}`)
    }
    const held = listSegments(ledger, self, { state: 'held', after: null, limit: 3 })
    assert.equal(
      held.map(({ segment, own, state, until, manifest }) => ({ segment, own, state, until, manifest })),
      [3, 5, 3].map((segment) => ({
        segment,
        own: true,
        state: 'held',
        until: NOW + 62 * MINUTE,
        manifest: null,
      })),
    )
    const done = listSegments(ledger, self, { state: 'done', after: held[1]!, limit: 9 })
    assert.equal(done.map(({ segment, own }) => [segment, own]).slice(0, 2), [
      [9, false],
      [77, false],
    ])
    assert.match(done[0]!.manifest!, /^baf/)
    for (const limit of [0, 1001, Number.NaN])
      assert.is(
        await codeOf(async () => listSegments(ledger, self, { state: null, after: null, limit })),
        'page_invalid',
      )
    const after = { campaign: 'elsewhere', segment: 1 }
    assert.is(
      await codeOf(async () => listSegments(ledger, self, { state: null, after, limit: 1 })),
      'page_invalid',
    )
  }),
)

listing.run()
