import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { WantedRemoval } from '../../../node/removals/removals.ts'
import { encode } from '../../../protocol/codec.ts'
import { type Sealed, seal } from '../../../protocol/envelope.ts'
import { makeHead } from '../../../protocol/records/head.ts'
import { MAX_HEAD_MS, MAX_PROVISIONAL_MS } from '../../../protocol/timing.ts'
import { codeOf } from '../../protocol/fault.ts'
import { NOW } from '../ledger/make-records.ts'
import {
  campaign,
  DAY,
  elsewhere,
  headsOf,
  inForce,
  organiser,
  stranger,
  until,
  untilHead,
  want,
  withNodes,
} from './nodes.ts'

const removals = suite('removals')

removals('are signed once, told, in force at once and after a restart, and end', async () => {
  await withNodes([{ signer: organiser }], async (node) => {
    node.connect()
    const changes: string[] = []
    const stop = node.removals.onChange((id) => changes.push(`${id}`))
    const wanted = [want(1), want(2, { expires: null })]
    const { ids, signed } = await node.removals.issue(campaign.id, wanted)
    assert.is(signed, 2)
    assert.ok(changes.includes(`${campaign.id}`), 'told at once')
    assert.equal(await inForce(node), [1, 2])
    assert.equal(await inForce(node, elsewhere.id), [], 'of one campaign alone')
    await until(async () => node.told.length >= 2)
    assert.equal(await node.removals.issue(campaign.id, wanted), { ids, signed: 0 })
    const before = await node.removals.inForce(campaign.id)
    assert.is(await node.removals.inForce(campaign.id), before, 'made once')
    node.time.now = NOW + DAY
    assert.equal(await inForce(node), [2])
    stop()
    await node.reopen()
    assert.equal(await inForce(node), [2])
    const list = await node.removals.list(campaign.id)
    assert.equal(list.map(({ value, isInForce }) => [value.seq, isInForce]).sort(), [
      [0, false],
      [1, true],
    ])
  })
})

removals('are taken back, removed again, and taken back, in one file or several', async () => {
  await withNodes([{ signer: organiser }], async (node) => {
    const back = want(1, { takeBack: true })
    const { ids } = await node.removals.issue(campaign.id, [back, want(1), back, back, want(1)])
    assert.equal([ids[0], ids[3]], [null, null])
    assert.equal(await inForce(node), [1])
    assert.is((await node.removals.issue(campaign.id, [back])).signed, 1)
    assert.equal(await inForce(node), [])
    const chain = (await node.removals.list(campaign.id)).map(({ value }) => value.seq).sort()
    assert.equal(chain, [0, 1, 2, 3])
  })
})

removals('who is no custodian hides for a month, and a site with proof alone', async () => {
  await withNodes([{ signer: stranger }], async ({ removals: all }) => {
    const code = (one: WantedRemoval) => codeOf(() => all.issue(campaign.id, [one]))
    const origin = { kind: 'origin' as const, hash: new Uint8Array(32).fill(3) }
    assert.is(await all.isCustodian(campaign.id), false)
    assert.is(await code(want(1, { expires: null })), 'removal_term')
    assert.is(await code(want(1, { expires: NOW + MAX_PROVISIONAL_MS + 1 })), 'removal_term')
    assert.is(await code(want(1, { expires: NOW + MAX_PROVISIONAL_MS })), null)
    assert.is(await code(want(3, { subject: origin })), 'removal_proof')
    assert.is(await code(want(3, { subject: origin, basis: 'dns: request x' })), null)
    assert.is(await code(want(1, { takeBack: true, expires: null })), null)
  })
})

removals(
  'of a campaign that this node takes no part in are kept beside, and go along when it joins',
  async () => {
    await withNodes([{ signer: stranger, joins: false }], async (node) => {
      await node.removals.issue(campaign.id, [want(1)])
      await node.removals.issue(campaign.id, [want(2), want(3)])
      await node.removals.issue(campaign.id, [want(3, { takeBack: true })])
      assert.equal(await inForce(node), [1, 2])
      assert.equal((await node.removals.list(campaign.id)).map(({ value }) => value.seq).sort(), [0, 1, 2, 3])
      await node.ledger.add(campaign.bytes, 'own')
      assert.equal(await inForce(node), [1, 2], 'before and after they have moved')
      await until(async () => node.ledger.counts(campaign.id).removals === 4)
      await node.removals.issue(campaign.id, [want(4)])
      assert.equal(await inForce(node), [1, 2, 4])
      await until(async () => (await node.store.notices.keys().all()).length === 0)
      await node.ledger.leave(campaign.id)
      assert.equal(await inForce(node), [1, 2, 4])
      await node.reopen()
      assert.equal(await inForce(node), [1, 2, 4])
    })
  },
)

removals('a custodian signs heads, anew after each removal and after some hours', async () => {
  await withNodes([{ signer: organiser }, { signer: stranger }], async (node, other) => {
    node.connect()
    other.connect()
    await until(async () => (await headsOf(node)).length === 1)
    const [first] = await headsOf(node)
    assert.equal([first!.value.seq, first!.value.last, first!.value.root], [0, null, null])
    const { ids } = await node.removals.issue(campaign.id, [want(1), want(2)])
    await until(async () => (await headsOf(node))[0]!.value.seq === 2)
    const [second] = await headsOf(node)
    assert.equal(`${second!.value.last}`, `${ids[1]}`)
    assert.equal(second!.value.root, (await node.removals.inForce(campaign.id)).root)
    node.time.now = NOW + 7 * 3_600_000
    node.connect()
    await until(async () => (await headsOf(node))[0]!.value.thisUpdate === node.time.now)
    assert.equal(await headsOf(other), [], 'nobody else does')
  })
})

removals('nothing leaves before peers were asked, and a custodian has said what there is', async () => {
  await withNodes([{ signer: organiser }, { signer: stranger }], async (node, reader) => {
    const stale = (isVouched = false) => codeOf(() => reader.removals.demandFresh(campaign.id, isVouched))
    assert.is(await codeOf(() => node.removals.demandFresh(campaign.id)), null, 'its own')
    assert.is(await stale(), 'removals_stale', 'without a network')
    assert.is(await stale(true), null, 'a release without a network')
    reader.connect()
    assert.is(await stale(), 'removals_stale', 'with nobody to ask')
    assert.is(await stale(true), 'removals_stale', 'a release, with nobody to ask')
    reader.connect([node])
    assert.is(await stale(), 'removals_stale', 'with no word of a custodian')
    assert.is(await stale(true), null, 'a release says enough')
    node.connect()
    await node.removals.issue(campaign.id, [want(1)])
    await untilHead(node, 1)
    await reader.reopen()
    reader.connect([node])
    assert.equal(await inForce(reader), [])
    assert.is(await stale(), null)
    assert.equal(await inForce(reader), [1], 'what came while it was away is here first')
    reader.time.now = NOW + MAX_HEAD_MS
    assert.is(await stale(), 'removals_stale', 'a day later, with the head of the day before')
  })
})

removals('nothing leaves while removals are missing of which a head speaks', async () => {
  await withNodes([{ signer: organiser }, { signer: stranger }], async (node, reader) => {
    const { ids } = await node.removals.issue(campaign.id, [want(1), want(2), want(1, { takeBack: true })])
    node.connect()
    await until(async () => (await headsOf(node)).length === 1)
    const give = async (id: CID) => (await reader.ledger.add((await node.ledger.find(id))!, 'sync')).verdict
    reader.removals.connect({ publish: async () => 0, refresh: async () => true })
    const code = () => codeOf(() => reader.removals.demandFresh(campaign.id))
    assert.is(await code(), 'removals_stale')
    const [head] = await headsOf(node)
    assert.is(await give(head!.id), 'accept')
    assert.is(await code(), 'removals_stale')
    assert.is(await give(ids[0]!), 'accept')
    assert.is(await code(), 'removals_stale', 'one removal too few, and one too many')
    assert.is(await give(ids[1]!), 'accept')
    assert.is(await code(), 'removals_stale', 'one too many')
    assert.is(await give(ids[2]!), 'accept')
    assert.is(await code(), null)
    // what was removed after the head does not matter to it, nor what others remove
    await reader.removals.issue(campaign.id, [want(9)])
    const later = await node.removals.issue(campaign.id, [want(3)])
    assert.is(await give(later.ids[0]!), 'accept')
    assert.is(await code(), null)
  })
})

removals('who visits a campaign learns what is removed from it, and keeps it', async () => {
  await withNodes([{ signer: organiser }, { signer: stranger, joins: false }], async (node, visitor) => {
    node.connect()
    await node.removals.issue(campaign.id, [want(1), want(2, { expires: null })])
    await untilHead(node, 2)
    assert.is(await codeOf(() => visitor.removals.demandFresh(campaign.id)), 'removals_stale')
    visitor.connect([node])
    assert.is(await codeOf(() => visitor.removals.demandFresh(campaign.id)), null)
    assert.equal(await inForce(visitor), [1, 2])
    await visitor.reopen()
    visitor.time.now = NOW + DAY
    assert.equal(await inForce(visitor), [2])
    await node.removals.issue(campaign.id, [want(2, { takeBack: true })])
    visitor.connect([node])
    await visitor.removals.demandFresh(campaign.id).catch(() => {})
    assert.equal(await inForce(visitor), [])
    node.time.now = visitor.time.now
    await visitor.removals.issue(campaign.id, [want(7, { expires: visitor.time.now + DAY })])
    assert.equal(await inForce(visitor), [7])
    await until(async () => (await inForce(node)).includes(7))
  })
})

removals('an old copy of a custodian’s data goes on where others know that it was', async () => {
  await withNodes([{ signer: organiser }, { signer: organiser }], async (node, copy) => {
    node.connect()
    await node.removals.issue(campaign.id, [want(1), want(2)])
    await untilHead(node, 2)
    const [head] = await headsOf(node)
    await copy.ledger.add((await node.ledger.find(head!.id))!, 'sync')
    const { ids } = await copy.removals.issue(campaign.id, [want(3)])
    const [made] = (await copy.removals.list(campaign.id)).filter(({ id }) => id.equals(ids[0]!))
    assert.equal([made!.value.seq, `${made!.value.previous}`], [2, `${head!.value.last}`])
  })
})

removals('what an earlier version has kept is signed anew for each campaign', async () => {
  for (const signer of [organiser, stranger])
    await withNodes([{ signer }], async (node) => {
      const earlier = async (
        seq: number,
        kind: string,
        expires: number | null,
        negates: CID | null = null,
      ) => {
        const body = {
          ...{ source: signer.publicKey, seq, previous: seq === 0 ? null : campaign.id },
          ...{ subject: { kind, hash: new Uint8Array(32).fill(seq + 1) }, reason: 'rights', basis: 'kept' },
          ...{ negates, issued: NOW - DAY, expires },
        }
        const record: Sealed = await seal('removal', encode(body), signer)
        await node.store.removals.put(record.id.bytes, record.bytes)
        return record.id
      }
      await earlier(0, 'url', null)
      await earlier(1, 'origin', null)
      await earlier(2, 'image', NOW - 1)
      const gone = await earlier(3, 'pair', null)
      await earlier(4, 'pair', null, gone)
      await node.reopen()
      const isCustodian = signer === organiser
      for (const { id } of [campaign, elsewhere])
        assert.equal(await inForce(node, id), isCustodian ? [1, 2] : [1])
      assert.equal(await node.store.removals.keys().all(), [])
      const [kept] = (await node.removals.list(campaign.id)).filter(
        ({ value }) => value.subject.kind === 'url',
      )
      assert.is(kept!.value.expires, isCustodian ? null : NOW + MAX_PROVISIONAL_MS)
      await node.reopen()
      assert.is((await node.removals.list(campaign.id)).length, isCustodian ? 2 : 1)
    })
})

removals('a head of nobody’s is no head', async () => {
  await withNodes([{ signer: stranger }], async (node) => {
    const head = await makeHead(
      {
        ...{ campaign: campaign.id, seq: 0, last: null, root: null },
        ...{ thisUpdate: NOW, nextUpdate: NOW + MAX_HEAD_MS },
      },
      stranger,
    )
    assert.is((await node.ledger.add(head.bytes, 'sync')).code, 'head_source')
    node.removals.connect({ publish: async () => 0, refresh: async () => true })
    assert.is(await codeOf(() => node.removals.demandFresh(campaign.id)), 'removals_stale')
  })
})

removals.run()
