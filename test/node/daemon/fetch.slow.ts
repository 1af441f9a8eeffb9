import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FetchResult } from '../../../node/daemon/daemon.ts'
import { openHome } from '../../../node/home.ts'
import { openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import { manageCampaigns } from '../../../node/manage-campaigns.ts'
import { publishShard, readShard, startShardWriter } from '../../../node/shard/shard.ts'
import { pipelineId } from '../../../protocol/records/campaign.ts'
import { decodeManifest, type Manifest } from '../../../protocol/records/manifest.ts'
import { runShoal, startShoal } from '../../cli/run-shoal.ts'
import { makeOutcome, makePair } from '../shard/sample.ts'
import type { ServeOrders } from './serve-shard.ts'
import { until } from './start-processes.ts'

/** Four nodes: one honest, one that sends corrupted blocks, one that dies half-way, and the one that fetches. */
const PAIRS = 12_000
const DIMENSIONS = 768
const DRIVER = fileURLToPath(new URL('./serve-shard.ts', import.meta.url))

interface Served {
  child: ChildProcess
  peerId: string
  address: string
}

let dir = ''
let campaign: CID
let manifest: CID
let decoded: Manifest
let pairs: Uint8Array
/** of a shard of which no node has all blocks */
let broken: CID
let missing: CID
const running = new Set<ChildProcess>()
const fetching = suite('fetching from four nodes')

async function publish(home: Awaited<ReturnType<typeof openHome>>, segment: number, count: number) {
  const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock: Date.now })
  const { pipeline } = ledger.campaigns()[0]!.campaign
  await ledger.close()
  const writer = await startShardWriter(join(dir, `files-${segment}`))
  for (let from = 0; from < count; from += 1_000) {
    const places = Array.from({ length: 1_000 }, (_, i) => from + i)
    const made = places.map((i) => ({ ...makePair(i), embedding: halves() }))
    const outcomes = places.map((i) => ({ ...makeOutcome(i), outcome: 'kept' as const }))
    await writer.add({ pairs: made, outcomes })
  }
  const files = await writer.finish()
  if (segment === 0) pairs = await readFile(files[0]!.path)
  const counts = { records: 1, responses: 1, htmlPages: 1, badRecords: 0 }
  const published = await publishShard(home, files, {
    ...{ campaign, segment, pipeline: pipelineId(pipeline), previous: null },
    counts: { ...counts, imgs: count, candidates: count, pairs: count, kept: count },
    ...{ deviceClass: 'cpu/fp32', software: 'shoal/test', produced: { startedAt: 1, finishedAt: 2 } },
  })
  return published.manifest
}

/** Small numbers that don't compress. */
function halves(): Uint16Array {
  const values = new Uint16Array(randomBytes(2 * DIMENSIONS).buffer.slice(0, 2 * DIMENSIONS))
  return values.map((value) => 0x2000 | (value & 0x83ff))
}

fetching.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-fetch-'))
  const list = join(dir, 'list.txt')
  await writeFile(list, 'a.wat\nb.wat\n')
  const home = await openHome(join(dir, 'a'))
  const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock: Date.now })
  const created = await manageCampaigns(home, ledger, join(dir, 'a')).create({
    ...{ name: 'fetched', contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: null },
    ...{ files: [list], kind: null, base: 'http://example.test/', parts: 1 },
  })
  await ledger.close()
  campaign = CID.parse(created.campaign)
  manifest = await publish(home, 0, PAIRS)
  broken = await publish(home, 1, 1_000)
  decoded = decodeManifest(Buffer.concat(await Array.fromAsync(home.blocks.get(manifest))))
  const [file] = decodeManifest(Buffer.concat(await Array.fromAsync(home.blocks.get(broken)))).files
  missing = file!.cid
  await home.blocks.delete(missing)
  const envelope = (await home.store.campaigns.get(campaign.bytes))!
  const record = (await home.store.shards.get(manifest.bytes))!
  for (const name of ['b', 'c']) {
    const other = await openHome(join(dir, name))
    const known = await openLedger({ store: other.store, verify: verifyInPool, clock: Date.now })
    await known.add(envelope, 'own')
    await known.close()
    await other.store.campaigns.put(campaign.bytes, envelope)
    await other.store.shards.put(manifest.bytes, record)
    await other.close()
    await cp(join(dir, 'a', 'blocks'), join(dir, name, 'blocks'), { recursive: true })
  }
  await home.close()
})

fetching.after.each(async () => {
  await Promise.all([...running].map(kill))
})
fetching.after(() => rm(dir, { recursive: true }))

async function kill(child: ChildProcess): Promise<void> {
  running.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

async function serve(name: string, orders: Partial<ServeOrders> = {}): Promise<Served> {
  const whole: ServeOrders = { dataDir: join(dir, name), peers: [], corrupts: false, ms: 0, ...orders }
  const child = fork(DRIVER, [JSON.stringify(whole)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  running.add(child)
  let ready: Omit<Served, 'child'> | null = null
  child.on('message', (message) => {
    ready = message as Omit<Served, 'child'>
  })
  return { child, ...(await until(`${name} is ready`, () => ready)) }
}

const argsFor = (name: string, cid: CID, peers: Served[], ...more: string[]) => [
  ...['fetch', `${cid}`, '--local', '--json', '--data', join(dir, name)],
  ...['--peer', peers.map(({ address }) => address).join(','), ...more],
]
const lastLine = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1)!)

async function countBlocks(name: string): Promise<number> {
  const files = await readdir(join(dir, name, 'blocks'), { recursive: true }).catch(() => [])
  return files.filter((file) => file.endsWith('.data')).length
}

async function demandWhole(name: string): Promise<void> {
  const home = await openHome(join(dir, name))
  try {
    assert.is((await readShard(home, manifest)).pairs.rows, PAIRS)
  } finally {
    await home.close()
  }
}

fetching(
  'one sends corrupted blocks and one dies half-way: it ends complete, and names the one',
  async () => {
    const a = await serve('a', { ms: 60 })
    const b = await serve('b', { corrupts: true, peers: [a.address] })
    const c = await serve('c', { ms: 60, peers: [a.address] })
    const out = join(dir, 'out')
    const started = startShoal(argsFor('d', manifest, [b, c, a], '--unverified', '--out', out))
    const leaves = Math.ceil(pairs.length / 2 ** 20)
    assert.ok(leaves > 12, `${leaves}`)
    await until('half of it is there', async () => (await countBlocks('d')) > leaves / 2)
    await kill(c.child)
    const ended = await started.ended
    assert.is(ended.status, 0, ended.stderr + ended.stdout)
    const { sources, shard, state, paths } = lastLine(ended.stdout) as FetchResult
    assert.is(sources.find(({ name }) => name === b.peerId)?.state, 'forged')
    assert.not(sources.some(({ name, state }) => name !== b.peerId && state === 'forged'))
    assert.ok(sources.find(({ name }) => name === c.peerId)!.blocks > 0, 'it had given some')
    assert.equal([shard!.verified, shard!.pairs, state], [true, PAIRS, 'unaudited'])
    assert.is(paths.length, 2)
    assert.ok((await readFile(join(out, 'pairs.parquet'))).equals(pairs))
    assert.match(
      await readFile(join(dir, 'd', 'shoal.log'), 'utf8'),
      new RegExp(`${b.peerId}[^\n]*of another block`),
    )
    await demandWhole('d')
    const again = lastLine(
      (await runShoal(argsFor('d', manifest, [a], '--unverified'))).stdout,
    ) as FetchResult
    assert.equal(again.sources, [], 'nothing is fetched twice')
  },
)

fetching('killed at any moment, it goes on where it was', async () => {
  const a = await serve('a', { ms: 60 })
  for (const least of [2, 6, 10]) {
    const { child, ended } = startShoal(argsFor('e', manifest, [a], '--unverified'))
    await until(`${least} blocks are there`, async () => (await countBlocks('e')) >= least)
    child.kill('SIGKILL')
    await ended
  }
  const before = await countBlocks('e')
  const ended = await runShoal(argsFor('e', manifest, [a], '--unverified'))
  assert.is(ended.status, 0, ended.stderr)
  const { sources } = lastLine(ended.stdout) as FetchResult
  assert.is(
    sources.reduce((sum, { blocks }) => sum + blocks, 0),
    (await countBlocks('e')) - before,
  )
  await demandWhole('e')
})

fetching(
  'what is not verified, or not whole, is refused, and nothing of it is left half-written',
  async () => {
    const a = await serve('a')
    const refused = await runShoal(argsFor('f', manifest, [a]))
    assert.is(refused.status, 1)
    const { error } = lastLine(refused.stdout)
    assert.is(error.code, 'shard_unverified')
    assert.match(error.message, /is unaudited: it has 0 of the \d good verdicts .* --unverified/)
    assert.ok((await countBlocks('f')) < 3, 'its files were not asked for')
    const out = join(dir, 'none')
    const lacking = await runShoal(argsFor('f', broken, [a], '--unverified', '--out', out))
    assert.is(lastLine(lacking.stdout).error.code, 'block_missing')
    assert.match(lacking.stderr, new RegExp(`${missing}|nobody gives block`))
    assert.is(
      await stat(out).then(
        () => 'there',
        () => 'none',
      ),
      'none',
    )
    const listed = await runShoal(['shard', 'list', '--json', '--data', join(dir, 'f')])
    assert.equal(lastLine(listed.stdout).shards, [])
    const odd = await runShoal(argsFor('f', decoded.pipeline, [a]))
    assert.is(lastLine(odd.stdout).error.code, 'block_missing')
  },
)

fetching.run()
