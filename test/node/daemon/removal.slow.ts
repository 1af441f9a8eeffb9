import { hash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { request } from 'undici'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openHome } from '../../../node/home.ts'
import { openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import { manageCampaigns } from '../../../node/manage-campaigns.ts'
import { readReceiptFile } from '../../../node/requests/requests.ts'
import type { Hit } from '../../../node/search/search.ts'
import { publishShard, startShardWriter } from '../../../node/shard/shard.ts'
import type { Sealed, Signer } from '../../../protocol/envelope.ts'
import { pipelineId } from '../../../protocol/records/campaign.ts'
import { decodeManifest } from '../../../protocol/records/manifest.ts'
import { makeRemoval, type Removal } from '../../../protocol/records/removal.ts'
import { subjectHash } from '../../../protocol/rules/remove.ts'
import { runShoal } from '../../cli/run-shoal.ts'
import { forge } from '../ledger/make-records.ts'
import { makeIdentity, startNode } from '../network/start-node.ts'
import { makePair, range } from '../shard/sample.ts'
import { type DaemonProcess, startProcesses, until } from './start-processes.ts'

/** A person's opt-out, from one node to three, one of which was away. */
const removing = suite('a removal at three nodes')
const ROWS = 40
const [ASKED, PUSHED] = [makePair(7), makePair(9)]
/** By when it is hidden everywhere. */
const MINUTE_MS = 60_000
/** It takes seconds where a minute may pass, and many times that on a machine that does much else. */
const BUSY = 5
const DAY_MS = 86_400_000

let dir = ''
let campaign: CID
let manifest: CID
let files: CID[]

removing.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-removal-'))
  const list = join(dir, 'list.txt')
  await writeFile(list, 'a.wat\n')
  const home = await openHome(join(dir, 'organiser'))
  const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock: Date.now })
  const created = await manageCampaigns(home, ledger, join(dir, 'organiser')).create({
    ...{ name: 'removal', contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: null },
    ...{ files: [list], kind: null, base: 'http://example.test/', parts: 1 },
  })
  const { pipeline } = ledger.campaigns()[0]!.campaign
  await ledger.close()
  campaign = CID.parse(created.campaign)
  const writer = await startShardWriter(join(dir, 'files'))
  const pairs = range(ROWS).map(makePair)
  const outcomes = pairs.map((pair) => ({
    ...pair,
    ...{ outcome: 'kept' as const, detail: null, sourceOffset: pair.warcOffset, imageOffset: null },
    ...{ sourceLength: pair.warcLength, imageLength: null },
  }))
  await writer.add({ pairs, outcomes })
  const counts = { records: 1, responses: 1, htmlPages: 1, badRecords: 0, imgs: ROWS, candidates: ROWS }
  const published = await publishShard(home, await writer.finish(), {
    ...{ campaign, segment: 0, pipeline: pipelineId(pipeline), previous: null },
    ...{ counts: { ...counts, pairs: ROWS, kept: ROWS }, deviceClass: 'cpu/fp32', software: 'shoal/test' },
    produced: { startedAt: 1, finishedAt: 2 },
  })
  manifest = published.manifest
  const [block] = await Array.fromAsync(home.blocks.get(manifest))
  files = decodeManifest(block!).files.map(({ cid }) => cid)
  const envelope = (await home.store.campaigns.get(campaign.bytes))!
  const record = (await home.store.shards.get(manifest.bytes))!
  await home.close()
  for (const name of ['asked', 'consumer']) {
    const other = await openHome(join(dir, name))
    const known = await openLedger({ store: other.store, verify: verifyInPool, clock: Date.now })
    await known.add(envelope, 'own')
    await known.close()
    await other.store.campaigns.put(campaign.bytes, envelope)
    await other.store.shards.put(manifest.bytes, record)
    await other.close()
    await cp(join(dir, 'organiser', 'blocks'), join(dir, name, 'blocks'), { recursive: true })
  }
})
removing.after(() => rm(dir, { recursive: true }))

async function find(node: DaemonProcess, value: string): Promise<Hit[]> {
  const asked = { kind: 'url', value, campaign: null, limit: 10, model: null }
  return (await node.ask('search', asked)).hits
}

/** What its gateway answers for the two files of the shard, and the manifest. */
async function givesAt(node: DaemonProcess): Promise<number[]> {
  const { gateway } = await node.ask('status')
  return Promise.all(
    [...files, manifest].map(async (cid) => {
      const { statusCode, body } = await request(`${gateway}/ipfs/${cid}?format=raw`)
      await body.dump()
      return statusCode
    }),
  )
}

const exporting = (out: string) => ['export', manifest.toString(), '--format', 'jsonl', '--out', out]

async function exportAt(name: string): Promise<{ code: string | null; urls: string[] }> {
  const out = join(dir, `${name}-${Math.random()}`)
  const { status, stdout } = await runShoal([...exporting(out), '--json', '--data', join(dir, name)])
  const last = JSON.parse(stdout.trim().split('\n').at(-1)!)
  if (status !== 0) return { code: last.error.code, urls: [] }
  const lines = (await readFile(join(out, 'pairs.jsonl'), 'utf8')).trim().split('\n')
  return { code: null, urls: lines.map((line) => JSON.parse(line).url) }
}

function seal(signer: Signer, fields: Partial<Removal>): Promise<Sealed> {
  const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'buffer')
  const subject = { kind: 'url', hash: new Uint8Array(subjectHash('url', PUSHED.url, sha256)!) } as const
  const issued = Date.now()
  return makeRemoval(
    {
      ...{ campaign, seq: 0, previous: null, subject, reason: 'privacy', basis: 'a test', negates: null },
      ...{ issued, expires: fields.negates ? null : issued + DAY_MS, ...fields },
    },
    signer,
  )
}

removing('what is asked for at one is hidden at all, and nobody else takes that back', async () => {
  await using stack = new AsyncDisposableStack()
  const processes = startProcesses(dir, {
    ...{ loopback: { hosts: {} }, contentionMs: 100, syncEveryMs: 1_000, idle: true, withoutAudits: true },
    gateway: { host: '127.0.0.1', port: 0 },
  })
  stack.defer(() => processes.killAll())
  const organiser = await processes.start('organiser')
  const peers = [organiser.address]
  const asked = await processes.start('asked', { peers })
  let consumer = await processes.start('consumer', { peers })
  for (const node of [organiser, asked, consumer]) {
    assert.is((await find(node, ASKED.url)).length, 1)
    assert.equal(await givesAt(node), [200, 200, 200])
  }
  assert.is((await exportAt('consumer')).urls.length, ROWS)
  await consumer.stop()

  const began = performance.now()
  const { request: name } = (await asked.ask('requests', [
    'ask',
    { asked: [{ kind: 'url', value: ASKED.url }], reason: 'privacy', contact: null },
  ])) as { request: string }
  const file = (await asked.ask('requests', ['receipt', name])) as unknown as string
  const { receipt, node } = await readReceiptFile(file)
  assert.equal([receipt.request, node], [name, asked.peerId])
  const path = join(dir, 'receipt.json')
  await writeFile(path, file)
  assert.is((await runShoal(['removals', 'verify', path])).status, 0)
  await writeFile(
    path,
    file.replace(/"record": "(.)/, (_, first) => `"record": "${first === 'A' ? 'B' : 'A'}`),
  )
  assert.is((await runShoal(['removals', 'verify', path])).status, 1)
  const hides = async (one: DaemonProcess) =>
    (await find(one, ASKED.url)).length === 0 && (await givesAt(one)).join() === '410,410,200'
  for (const one of [organiser, asked])
    await until(`${one.name} hides it`, () => hides(one), BUSY * MINUTE_MS)
  assert.ok(performance.now() - began < BUSY * MINUTE_MS)
  assert.is((await find(organiser, PUSHED.url)).length, 1)

  // the one that was away has to hear before it gives anything away
  assert.is((await exportAt('consumer')).code, 'removals_stale')
  consumer = await processes.start('consumer', { peers })
  const { urls } = await exportAt('consumer')
  assert.is(urls.length, ROWS - 1)
  assert.not(urls.includes(ASKED.url))
  await until('the consumer hides it', () => hides(consumer), BUSY * MINUTE_MS)

  // blocks go to members alone
  const stranger = ['--unverified', '--peer', organiser.address, '--json', '--data', join(dir, 'stranger')]
  const fetched = await runShoal(['fetch', manifest.toString(), ...stranger])
  assert.is(JSON.parse(fetched.stdout.trim().split('\n').at(-1)!).error?.code, 'block_missing')

  const { removal } = receipt.subjects[0]!.removals[0]!
  const all = [organiser, asked, consumer]
  /** From a peer that nobody knows, so that none is shunned for what another said. */
  async function push(records: Uint8Array[]): Promise<void> {
    const network = await startNode(stack)
    for (const one of all) await network.dial(one.address)
    await until('it is listened to', () => network.listeners(campaign).length === all.length)
    for (const bytes of records) await network.publish(campaign, bytes)
  }
  const [source, other] = [await makeIdentity(stack), await makeIdentity(stack)]
  const first = await seal(source, {})
  const back = await seal(source, { seq: 1, previous: first.id, negates: first.id })
  const again = await seal(source, { seq: 2, previous: back.id })
  await push([first.bytes])
  for (const one of all)
    await until('a removal of a stranger hides', async () => (await find(one, PUSHED.url)).length === 0)
  await push([back.bytes])
  for (const one of all)
    await until('its own word takes it back', async () => (await find(one, PUSHED.url)).length === 1)
  await push([again.bytes])
  for (const one of all) await until('it hides again', async () => (await find(one, PUSHED.url)).length === 0)

  const base = await seal(other, {})
  const foreign = (negates: CID) => seal(other, { seq: 1, previous: base.id, negates })
  await Promise.all([
    // replayed, strangers' twice, forged
    push([back.bytes]),
    push([base.bytes, (await foreign(removal)).bytes]),
    push([base.bytes, (await foreign(again.id)).bytes]),
    push([forge(await seal(source, { seq: 3, previous: again.id, negates: again.id }))]),
  ])
  await sleep(2_000)
  for (const one of all) for (const { url } of [ASKED, PUSHED]) assert.equal(await find(one, url), [], url)
  assert.ok((await exportAt('consumer')).urls.every((url) => url !== ASKED.url && url !== PUSHED.url))
})

removing.run()
