import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openCredits } from '../../../node/daemon/credit.ts'
import { nameOfPeer } from '../../../node/identity.ts'
import { codeOf } from '../../protocol/fault.ts'
import { makeSigner, sealCampaign, sealShard, sealVerdict, withLedgers } from '../ledger/make-records.ts'

const [ana, ben, cem, dea] = [makeSigner(1), makeSigner(2), makeSigner(3), makeSigner(4)]
const campaign = await sealCampaign(100)
const nameOf = ({ publicKey }: { publicKey: Uint8Array }) => nameOfPeer(publicKey)

const credit = suite('credit')

credit('is what verified shards and verdicts that count say, and nobody else', () =>
  withLedgers(1, campaign, async ({ ledger }) => {
    const credits = openCredits(ledger, ben.publicKey)
    assert.equal(await credits(null), [])
    const given = (bytes: number) => ({ servers: [{ peer: ana.publicKey, bytes }] })
    await ledger.add((await sealShard(campaign, ana, { segment: 7, operator: 'Ada' })).bytes, 'gossip')
    await ledger.add((await sealShard(campaign, ana, { segment: 8, seq: 1, team: 'blue' })).bytes, 'gossip')
    for (const [i, verifier] of [ben, cem, dea].entries())
      await ledger.add(
        (await sealVerdict(campaign, ana, verifier, { segment: 7, ...given(1000 + i) })).bytes,
        'gossip',
      )
    // one good verdict does not verify a shard
    await ledger.add(
      (await sealVerdict(campaign, ana, ben, { segment: 8, content: '8 1', ...given(5) })).bytes,
      'gossip',
    )
    const [first, ...others] = await credits(campaign.id.toString())
    assert.equal(first, {
      ...{ campaign: campaign.id.toString(), peer: nameOf(ana), own: false, operator: 'Ada', team: null },
      ...{ segments: 1, pairs: 1, audits: 0, bytesServed: 3003 },
    })
    const audits = Object.fromEntries(others.map((one) => [one.peer, one.audits]))
    assert.equal(audits, { [nameOf(ben)]: 2, [nameOf(cem)]: 1, [nameOf(dea)]: 1 })
    assert.is(others.find(({ own }) => own)?.peer, nameOf(ben))
  }),
)

credit('is lost with what it rests on: a refused shard gives none, nor do verdicts of who lied', () =>
  withLedgers(1, campaign, async ({ ledger }) => {
    const credits = openCredits(ledger, ana.publicKey)
    await ledger.add((await sealShard(campaign, ana)).bytes, 'gossip')
    for (const verifier of [ben, cem])
      await ledger.add((await sealVerdict(campaign, ana, verifier)).bytes, 'gossip')
    const before = await credits(null)
    assert.is(before.find(({ peer }) => peer === nameOf(ben))?.audits, 1)
    // a second verdict on the same shard, that says otherwise
    await ledger.add((await sealVerdict(campaign, ana, ben, { deviceClass: 'cpu/fp16' })).bytes, 'gossip')
    const after = await credits(null)
    assert.is(after.find(({ peer }) => peer === nameOf(ben))?.audits ?? 0, 0)
    assert.is(after.find(({ peer }) => peer === nameOf(ana))?.segments ?? 0, 0)
  }),
)

credit('of a campaign that it takes no part in is refused', () =>
  withLedgers(1, campaign, async ({ ledger }) => {
    const credits = openCredits(ledger, ana.publicKey)
    const other = (await sealCampaign(5)).id.toString()
    assert.is(await codeOf(() => credits(other)), 'campaign_unknown')
    assert.is(await codeOf(() => credits('bafy')), 'cid_invalid')
  }),
)

credit.run()
