import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { watchShards } from '../../../node/daemon/newest-shards.ts'
import { makeSigner, sealCampaign, sealShard, sealVerdict, withLedgers } from '../ledger/make-records.ts'
import { until } from '../network/start-node.ts'

const test = suite('the newest shards')
const [ana, ben, cem, dea] = [makeSigner(1), makeSigner(2), makeSigner(3), makeSigner(4)]

test('what came or was judged last comes first; before it, the ends of chains', async () => {
  const campaign = await sealCampaign(100, { name: 'newest' })
  await withLedgers(1, campaign, async (place) => {
    const shards = []
    for (let seq = 0; seq < 5; seq++) shards.push(await sealShard(campaign, ana, { segment: seq, seq }))
    for (const { bytes } of shards.slice(0, 3)) await place.ledger.add(bytes, 'sync')
    await place.reopen()
    const watch = watchShards(place.ledger, ana.publicKey)
    const segments = async (count = 10) => (await watch.newest(count)).map(({ segment }) => segment)
    await place.ledger.add(shards[3]!.bytes, 'gossip')
    assert.equal(await segments(), [3, 2, 1, 0])
    await place.ledger.add(shards[4]!.bytes, 'gossip')
    assert.equal(await segments(2), [4, 3])
    for (const verifier of [ben, cem, dea]) {
      const verdict = await sealVerdict(campaign, ana, verifier, { segment: 1, content: '1 1' })
      await place.ledger.add(verdict.bytes, 'gossip')
    }
    await until('it is judged', async () => (await segments())[0] === 1, 5_000)
    const [judged] = await watch.newest(1)
    assert.equal([judged!.state, judged!.own, judged!.verdicts.length], ['verified', true, 3])
    await place.ledger.leave(campaign.id)
    assert.equal(await segments(), [])
    watch.close()
  })
})

test.run()
