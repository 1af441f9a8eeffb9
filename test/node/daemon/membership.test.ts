import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { signCampaign } from '../../../node/campaigns/campaigns.ts'
import { answerPeers, startMembership } from '../../../node/daemon/membership.ts'
import { type Home, openHome } from '../../../node/home.ts'
import { type Ledger, openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import { openLog } from '../../../node/log.ts'
import type { Network } from '../../../node/network/network.ts'
import { publishShard } from '../../../node/shard/shard.ts'
import { cidOf, decode, encode } from '../../../protocol/codec.ts'
import { open, type Sealed } from '../../../protocol/envelope.ts'
import { pipelineId } from '../../../protocol/records/campaign.ts'
import { decodeShard } from '../../../protocol/records/shard.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'
import { makeSigner, NOW, sealClaim, sealShard } from '../ledger/make-records.ts'
import { makeDir, startNode, until } from '../network/start-node.ts'
import { codeOf } from '../with-node.ts'

const other = makeSigner(2)
const clock = () => NOW
const noFile = () => null
/** Of bytes, uvu can't show how they differ. */
const idOf = (record: Uint8Array | null) => record && cidOf(record)

interface Member {
  home: Home
  ledger: Ledger
  network: Network
}

async function startMember(stack: AsyncDisposableStack): Promise<Member> {
  const home = await openHome(await makeDir(stack))
  stack.defer(() => home.close())
  const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock })
  stack.defer(() => ledger.close())
  const answers = answerPeers(home, ledger, noFile, () => {})
  const network = await startNode(stack, { identity: home.signer, answers, blocks: home.blocks })
  return { home, ledger, network }
}

/** @param network - in place of the member's own */
function enrol(stack: AsyncDisposableStack, { home, ledger, network: own }: Member, network = own) {
  let readies = 0
  const membership = startMembership(home, ledger, network, {
    ...{ log: openLog('silent', 'stderr'), prepare: async () => true },
    ...{ onReady: () => readies++, onLeave: () => {} },
  })
  stack.defer(() => membership.close())
  return { ...membership, readies: () => readies }
}

async function create({ home, ledger }: Member): Promise<Sealed> {
  const { campaign, envelope } = await signCampaign(home, {
    ...{ name: 'test', contact: 'test@example.org', rules: PRESETS['laion-5b']! },
    sources: [
      { kind: 'warc', base: 'http://archive.example/', parts: 1, entries: ['0.warc', '1.warc', '2.warc'] },
    ],
    model: { repo: 'none', files: [{ path: 'none.onnx', sha256: '0'.repeat(64), bytes: 1 }] },
  })
  await ledger.add(envelope, 'own')
  return { id: campaign, bytes: envelope }
}

async function add({ ledger }: Member, ...records: Sealed[]): Promise<void> {
  for (const { bytes } of records) assert.is((await ledger.add(bytes, 'sync')).code, 'ok')
}

const membership = suite('membership')

membership('is ready when the first syncs are over, and knows then what others do', async () => {
  await using stack = new AsyncDisposableStack()
  const elder = await startMember(stack)
  const campaign = await create(elder)
  await add(elder, await sealClaim(campaign, other, { segment: 1 }), await sealShard(campaign, other))
  const newcomer = await startMember(stack)
  const { promise: gate, resolve: release } = Promise.withResolvers<void>()
  const { sync } = newcomer.network
  const slow: Network['sync'] = async (...how) => {
    await gate
    return sync(...how)
  }
  const joining = enrol(stack, newcomer, { ...newcomer.network, sync: slow })
  assert.is(await codeOf(joining.join(campaign.id)), 'campaign_unfound')
  await newcomer.network.dial(elder.network.addresses()[0]!)
  await joining.join(campaign.id)
  await new Promise((done) => setTimeout(done, 300))
  assert.not(joining.isReady(campaign.id))
  release()
  await until('it is ready', () => joining.isReady(campaign.id))
  assert.is(joining.readies(), 1)
  assert.is(newcomer.ledger.digest(), elder.ledger.digest())
  const [{ campaign: joined } = assert.unreachable() as never] = newcomer.ledger.campaigns()
  assert.ok(await newcomer.home.blocks.has(joined.sources[0]!.list))
})

membership('is ready alone after some seconds, also when it was ended and begun again before', async () => {
  await using stack = new AsyncDisposableStack()
  const alone = await startMember(stack)
  const campaign = await create(alone)
  const heard = new Set<CID>()
  const { subscribe } = alone.network
  const joining = enrol(stack, alone, {
    ...alone.network,
    subscribe(id, listener) {
      heard.add(id)
      const stop = subscribe(id, listener)
      return () => {
        heard.delete(id)
        stop()
      }
    },
  })
  const first = joining.enter(campaign.id)
  await joining.leave(campaign.id)
  assert.is(heard.size, 0)
  const start = performance.now()
  await joining.join(campaign.id)
  await first
  await until('it is ready', () => joining.isReady(campaign.id))
  assert.ok(performance.now() - start > 2_500, 'it waited for others')
  assert.is(heard.size, 1)
  assert.is(joining.readies(), 1)
})

membership('of a node restored from a copy goes on after its shards that others know', async () => {
  await using stack = new AsyncDisposableStack()
  const elder = await startMember(stack)
  const campaign = await create(elder)
  const restored = await startMember(stack)
  const { store, blocks, signer } = restored.home
  const shards = await Promise.all(
    [0, 1, 2, 3].map((seq) => sealShard(campaign, signer, { segment: seq % 3, seq, content: `${seq}` })),
  )
  await add(elder, ...shards)
  // as it was when the copy was made
  await store.heads.put(signer.publicKey, encode({ seq: 1, id: shards[1]!.id }))
  await restored.network.dial(elder.network.addresses()[0]!)
  const joining = enrol(stack, restored)
  await joining.join(campaign.id)
  await until('it is ready', () => joining.isReady(campaign.id))
  assert.equal(decode((await store.heads.get(signer.publicKey))!), { seq: 3, id: shards[3]!.id })

  const [{ campaign: joined } = assert.unreachable() as never] = restored.ledger.campaigns()
  const path = join(await makeDir(stack), 'empty')
  await writeFile(path, '')
  const none = { records: 0, responses: 0, htmlPages: 0, badRecords: 0, imgs: 0, candidates: 0, pairs: 0 }
  const { manifest } = await publishShard(
    { store, blocks, signer },
    (['outcomes.parquet', 'pairs.parquet'] as const).map((name) => ({ name, path, rows: 0, bytes: 0 })),
    {
      ...{
        campaign: campaign.id,
        segment: 2,
        pipeline: pipelineId(joined.pipeline),
        counts: none,
        previous: null,
      },
      ...{ deviceClass: 'cpu/fp32', software: 'test', produced: { startedAt: 1, finishedAt: 2 } },
    },
  )
  const envelope = new Uint8Array((await store.shards.get(manifest.bytes))!)
  const { seq, previous } = decodeShard(await open(envelope, verifyInPool))
  assert.equal([seq, previous], [4, shards[3]!.id])
  assert.is((await elder.ledger.add(envelope, 'gossip')).code, 'ok')
})

membership('tells who asks of the claim that holds, not of one that it gave up itself', async () => {
  await using stack = new AsyncDisposableStack()
  const member = await startMember(stack)
  const campaign = await create(member)
  const { record } = answerPeers(member.home, member.ledger, noFile, () => {})
  const released = await sealClaim(campaign, member.home.signer, { segment: 1, expires: NOW })
  await add(member, released)
  assert.equal(idOf(await record(campaign.id, 1, '')), released.id)
  const held = await sealClaim(campaign, other, { segment: 1 })
  await add(member, held)
  assert.equal(idOf(await record(campaign.id, 1, '')), held.id)
  const shard = await sealShard(campaign, other, { segment: 1 })
  await add(member, shard)
  assert.equal(idOf(await record(campaign.id, 1, '')), shard.id)
  assert.is(await record(campaign.id, 2, ''), null)
})

membership.run()
