import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startDaemon } from '../../../node/daemon/daemon.ts'
import { openLog } from '../../../node/log.ts'
import { makeDir, until } from '../network/start-node.ts'
import { writeTinyHead } from '../score/tiny-model.ts'
import { playCrawl } from './play-crawl.ts'

const heads = suite('heads of a campaign')
const MINUTE_MS = 60_000
/** Numbers of shoal-mini's embeddings. */
const DIMENSION = 256

async function start(stack: AsyncDisposableStack, hosts: Record<string, string>) {
  const dataDir = await makeDir(stack)
  const daemon = await startDaemon({
    ...{ dataDir, model: null, threads: 1, segments: 1, hours: null, diskBytes: null, bytesPerSecond: null },
    ...{ listen: ['/ip4/127.0.0.1/tcp/0'], peers: [], local: true, offline: false, loopback: { hosts } },
    ...{ clock: Date.now, log: openLog('silent', 'stderr'), contentionMs: 200 },
  })
  stack.defer(() => daemon.stop())
  daemon.pause()
  return { daemon, dataDir, address: (await daemon.status()).addresses[0]! }
}

/** Of four classes each is as likely as the others, whatever it looks at. */
async function layHead(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true })
  await writeTinyHead(
    join(dir, 'tiny.onnx'),
    Array.from({ length: DIMENSION }, () => [0, 0, 0, 0]),
  )
  const classes = ['a', 'b', 'c', 'd']
  const reads = [
    { tag: 'nudity', classes: ['a'], threshold: 0.9 },
    { tag: 'watermark', classes: ['b', 'c', 'd'], threshold: 0.5 },
  ]
  await writeFile(
    join(dir, 'head.json'),
    JSON.stringify({
      ...{ kind: 'classifier', name: 'no idea', file: 'tiny.onnx', view: null, output: 'logits' },
      ...{ activation: 'softmax', classes, reads },
    }),
  )
  return dir
}

heads('go to its members; what they say is verified, and chosen by in releases', async () => {
  await using stack = new AsyncDisposableStack()
  const crawl = await playCrawl()
  stack.defer(() => crawl.close())
  const organiser = await start(stack, crawl.hosts)
  const list = join(organiser.dataDir, 'list.txt')
  await writeFile(list, 'june-0.warc.gz\n')
  const created = await organiser.daemon.create({
    ...{ name: 'june', contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: -1 },
    ...{ files: [list], kind: null, base: crawl.base, parts: 1, audit: { verifiers: 1 } },
    heads: [await layHead(join(organiser.dataDir, 'head'))],
  })
  const { campaign } = created
  assert.equal(created.looksFor, { tags: [], heads: ['no idea'] })
  const worker = await start(stack, crawl.hosts)
  await worker.daemon.join(campaign, organiser.address)
  worker.daemon.resume()
  await until(
    'the segment is done',
    async () => (await worker.daemon.status()).campaigns[0]!.counts!.done === 1,
    MINUTE_MS,
  )
  // it works no segment, as there is none left
  organiser.daemon.resume()
  await until(
    'the shard is verified',
    async () => (await organiser.daemon.status()).campaigns[0]!.counts!.states.verified === 1,
    MINUTE_MS,
  )
  const [shard] = await worker.daemon.listShards()
  const out = join(organiser.dataDir, 'rows.jsonl')
  const exported = await worker.daemon.exportPairs({
    ...{ cids: [shard!.manifest], format: 'jsonl', out, isFile: true },
    ...{ filters: { tagged: ['watermark'], maxNsfw: 0.25 }, rowsPerFile: null, signers: [] },
  })
  assert.is(exported.rows, 4)
  const request = { campaign, policy: null, removals: null, attestedBy: null, validDays: 1 }
  const release = await organiser.daemon.createRelease({ ...request, profile: 'safe' })
  assert.equal([release.profile, release.counts.pairs, release.counts.unfit], ['safe', 4, 0])
  const blind = organiser.daemon.createRelease({ ...request, profile: 'no-person' })
  assert.is(
    await blind.then(
      () => 'made',
      (error) => error.code,
    ),
    'profile_blind',
  )
})

heads.run()
