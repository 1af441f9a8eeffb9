import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openHome } from '../../../node/home.ts'
import { GRACE_MS } from '../../../node/pins/pins.ts'
import { startNode } from '../network/start-node.ts'
import { ageBlock } from '../pins/make-dags.ts'
import { playCrawl } from './play-crawl.ts'
import { type DaemonProcess, startProcesses, until } from './start-processes.ts'
import { countsOf, createCampaign, joinCampaign } from './watch-campaign.ts'

/** Three daemons: one does a segment, one audits it, and one keeps a replica. */
const replication = suite('replicas among daemons')
const LONG_MS = 240_000
const LOOK_MS = 300

replication('appear where there is room, are provided and given on, and go with the room', async () => {
  await using stack = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'shoal-replicate-'))
  stack.defer(() => rm(dir, { recursive: true }))
  const crawl = await playCrawl()
  stack.defer(() => crawl.close())
  const processes = startProcesses(dir, {
    ...{ loopback: { hosts: crawl.hosts }, contentionMs: 300, syncEveryMs: 1_000 },
  })
  stack.defer(() => processes.killAll())
  try {
    const producer = await processes.start('producer')
    const peers = [producer.address]
    const auditor = await processes.start('auditor', { peers, idle: true })
    const common = { peers, withoutAudits: true, replicateEveryMs: LOOK_MS }
    const start = (replicateBytes: number | null, idle = false) =>
      processes.start('keeper', { ...common, replicateBytes, idle })
    let keeper = await start(1e6, true)
    const campaign = await createCampaign(producer, {
      ...{ name: 'kept', segments: 1, base: crawl.base, list: join(dir, 'list.txt'), verifiers: 1 },
    })
    await Promise.all([auditor, keeper].map((node) => joinCampaign(node, campaign)))
    for (const node of [auditor, keeper])
      await until(
        `${node.name} hears of it`,
        async () => (await countsOf(node, campaign)).done === 1,
        LONG_MS,
      )
    await keeper.ask('resume')
    assert.is(await replicasOf(keeper), 0, 'it is not verified yet')
    await auditor.ask('resume')
    await until('a replica is kept', async () => (await replicasOf(keeper)) === 1, LONG_MS)
    const [shard] = await keeper.ask('listShards')
    const root = shard!.manifest
    const pins = await keeper.ask('listPins')
    assert.equal(
      pins.filter(({ why }) => why === 'replica').map((pin) => pin.root),
      [root],
    )
    assert.ok((await keeper.ask('status')).replicas.bytes > 1_000)

    const stranger = await startNode(stack, { bootstrap: [producer.address] })
    await until('it is provided', async () =>
      (await stranger.findProviders(CID.parse(root))).includes(keeper.peerId),
    )
    // whoever asks gets it of the keeper alone
    await producer.stop()
    await auditor.stop()
    await stranger.dial(keeper.address)
    const block = await stranger.blockSource(keeper.peerId).get(CID.parse(root))
    assert.ok(block !== null)

    await keeper.stop()
    keeper = await start(null)
    assert.is(await replicasOf(keeper), 1, 'without a size it stays')
    assert.is((await keeper.ask('collect')).freed.blocks, 0)
    await keeper.stop()
    await ageBlocks(keeper)
    keeper = await start(0)
    await until('it is dropped', async () => (await replicasOf(keeper)) === 0)
    assert.equal(await keeper.ask('listShards'), [])
    const { freed, kept } = await keeper.ask('collect')
    // its campaign's list is kept, and nothing else
    assert.ok(freed.blocks >= 3)
    assert.is(kept, 1)
    await keeper.stop()
  } catch (error) {
    console.error(await processes.tails())
    throw error
  }
})

const replicasOf = async (node: DaemonProcess) => (await node.ask('status')).replicas.shards

/** As if they had come long ago. */
async function ageBlocks({ dataDir }: DaemonProcess): Promise<void> {
  const home = await openHome(dataDir)
  try {
    for await (const { cid } of home.blocks.getAll()) await ageBlock(home, cid as CID, GRACE_MS + 60_000)
  } finally {
    await home.close()
  }
}

replication.run()
