import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keepFromStrangers } from '../../../node/daemon/keep-from-strangers.ts'
import { nameOfPeer } from '../../../node/identity.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { makeSigner } from '../ledger/make-records.ts'

const keeping = suite('blocks that are kept from strangers')

const [joined, other] = [cidOf(encode('joined')), cidOf(encode('other'))]
const [denied, elsewhere, free] = ['denied', 'elsewhere', 'free'].map((name) => cidOf(encode(name), 'raw'))
const [member, stranger] = [makeSigner(1).publicKey, makeSigner(2).publicKey]

keeping('those with hidden rows are, but not from whoever is active in their campaign', () => {
  const withholds = keepFromStrangers(
    { campaigns: () => [{ id: joined }] as never, activePeers: () => [member] },
    { campaignOf: (block) => (block.equals(denied) ? joined : block.equals(elsewhere) ? other : null) },
  )
  for (const [block, isHere, peer] of [
    [free, true, nameOfPeer(stranger)],
    [denied, true, nameOfPeer(member)],
    [denied, false, nameOfPeer(stranger)],
    // of a campaign that this node takes no part in it knows no members
    [elsewhere, false, nameOfPeer(member)],
    [denied, false, 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'],
    [denied, false, 'no name of anybody'],
  ] as const)
    assert.is(withholds(peer, block!), !isHere, `${block} ${peer}`)
})

keeping.run()
