import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startDaemon } from '../../../node/daemon/daemon.ts'
import { openLog } from '../../../node/log.ts'
import { makeDir, until } from '../network/start-node.ts'
import { playCrawl } from './play-crawl.ts'

const withheld = suite('pictures that are not asked for')
/** Within which all have heard of a removal, on a busy machine too. */
const LATE_MS = 300_000

async function start(stack: AsyncDisposableStack, hosts: Record<string, string>) {
  const dataDir = await makeDir(stack)
  const daemon = await startDaemon({
    ...{ dataDir, model: null, threads: 1, segments: 1, hours: null, diskBytes: null, bytesPerSecond: null },
    ...{ listen: ['/ip4/127.0.0.1/tcp/0'], peers: [], local: true, offline: false, loopback: { hosts } },
    ...{ clock: Date.now, log: openLog('silent', 'stderr'), contentionMs: 200, withoutAudits: true },
  })
  stack.defer(() => daemon.stop())
  daemon.pause()
  return { daemon, dataDir, address: (await daemon.status()).addresses[0]! }
}

withheld('since somebody asked another node, or by a list of one’s own', async () => {
  await using stack = new AsyncDisposableStack()
  const crawl = await playCrawl()
  stack.defer(() => crawl.close())
  const worker = await start(stack, crawl.hosts)
  const list = join(worker.dataDir, 'list.txt')
  await writeFile(list, 'june-0.warc.gz\n')
  const { campaign } = await worker.daemon.create({
    ...{ name: 'june', contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: -1 },
    ...{ files: [list], kind: null, base: crawl.base, parts: 1 },
  })
  const other = await start(stack, crawl.hosts)
  await other.daemon.join(campaign, worker.address)
  const { request } = await other.daemon.requests.ask({
    asked: [{ kind: 'url', value: 'https://h1.example/june-0/1.jpg' }],
    ...{ reason: 'privacy', contact: null },
  })
  await until(
    'the worker knows of the removal',
    () =>
      worker.daemon.requests.status(request).then(
        ({ subjects }) => subjects.length === 1,
        () => false,
      ),
    LATE_MS,
  )
  const blocked = join(worker.dataDir, 'blocked.jsonl')
  await writeFile(blocked, '{"kind":"host","value":"h2.example"}\n')
  await worker.daemon.addBlocklist(blocked, null)
  worker.daemon.resume()
  await until(
    'the segment is done',
    async () => (await worker.daemon.status()).campaigns[0]!.counts!.done === 1,
    LATE_MS,
  )
  assert.equal(
    [0, 1, 2, 3].map((i) => crawl.timesAsked(`june-0/${i}`)),
    [1, 0, 0, 1],
  )
  const [shard] = await worker.daemon.listShards()
  const { outcomes } = await worker.daemon.showShard(shard!.manifest)
  assert.equal(outcomes, { withheld: 2, kept: 2 })
})

withheld.run()
