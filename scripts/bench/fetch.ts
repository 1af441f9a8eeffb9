import { fork, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { unixfs } from '@helia/unixfs'
import { multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import type { BlockSource } from '../../node/components.ts'
import { fetchFiles, openGateway, openPool } from '../../node/fetch/fetch.ts'
import { openBlocks } from '../../node/store/store.ts'
import { STREAM, startBenchNode } from './fetch-node.ts'

const MIB = 1024 * 1024
const BYTES = 256 * MIB
const ROUNDS = 3

/**
 * Fetches a file into an empty blockstore, over HTTP and by bitswap, in turn with `curl | sha256sum` and with a bare
 * libp2p stream (noise, yamux) that is hashed; both ends are processes of their own. Megabytes a second, medians.
 */
export async function benchFetch(): Promise<object> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-fetch-'))
  const served = await openBlocks(join(dir, 'served'))
  const path = join(dir, 'file')
  await using file = await open(path, 'w')
  for (let at = 0; at < BYTES; at += MIB) await file.write(randomBytes(MIB))
  const cid = await unixfs({ blockstore: served }).addByteStream(createReadStream(path), {
    profile: 'unixfs-v1-2025',
  })
  const child = fork(fileURLToPath(new URL('./fetch-server.ts', import.meta.url)), [
    join(dir, 'served'),
    path,
  ])
  const [{ port, gateway: address, node, stream }] = (await once(child, 'message')) as [
    { port: number; gateway: string; node: string; stream: string },
  ]
  const { network, libp2p } = await startBenchNode(dir, await openBlocks(join(dir, 'own')))
  const gateway = openGateway(address)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const peak = { mib: 0 }
  const timer = setInterval(() => {
    peak.mib = Math.max(peak.mib, process.memoryUsage.rss() / MIB)
  }, 20)
  try {
    const peer = network.blockSource(await network.dial(node))
    const rss = process.memoryUsage.rss() / MIB
    const seconds = { curl: [], http: [], stream: [], bitswap: [] } as Record<string, number[]>
    const ways = {
      curl: () => curl(`http://127.0.0.1:${port}/file`),
      http: () => fetchFrom(gateway, cid, join(dir, 'fetched'), delay),
      stream: () => readStream(libp2p, stream),
      bitswap: () => fetchFrom(peer, cid, join(dir, 'fetched'), delay),
    }
    for (let round = 0; round < ROUNDS; round++)
      for (const [name, work] of Object.entries(ways)) {
        const started = performance.now()
        await work()
        seconds[name]!.push((performance.now() - started) / 1000)
        await rm(join(dir, 'fetched'), { recursive: true, force: true })
      }
    const speed = (name: string) => BYTES / 1e6 / seconds[name]!.sort((a, b) => a - b)[ROUNDS >> 1]!
    return {
      ...{ curl: speed('curl'), http: speed('http'), httpOfCurl: speed('http') / speed('curl') },
      ...{ stream: speed('stream'), bitswap: speed('bitswap') },
      bitswapOfStream: speed('bitswap') / speed('stream'),
      ...{ loopP99Ms: delay.percentile(99) / 1e6, peakRssMiB: peak.mib, rssBeforeMiB: rss },
    }
  } finally {
    clearInterval(timer)
    child.kill()
    await gateway.close()
    await network.close()
    await libp2p.stop()
    await rm(dir, { recursive: true })
  }
}

async function fetchFrom(
  source: BlockSource,
  cid: CID,
  dir: string,
  delay: ReturnType<typeof monitorEventLoopDelay>,
): Promise<void> {
  const blocks = await openBlocks(dir)
  const pool = openPool([source], {})
  delay.enable()
  try {
    await fetchFiles({ blocks, pool }, [{ name: 'file', cid, bytes: BYTES }])
  } finally {
    delay.disable()
    pool.close()
  }
}

async function curl(url: string): Promise<void> {
  const shell = spawn('sh', ['-c', `curl -s ${url} | sha256sum`], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [status] = await once(shell, 'exit')
  if (status !== 0) throw new Error('curl | sha256sum failed')
}

async function readStream(
  libp2p: Awaited<ReturnType<typeof startBenchNode>>['libp2p'],
  address: string,
): Promise<void> {
  const hash = createHash('sha256')
  let bytes = 0
  const stream = await libp2p.dialProtocol(multiaddr(address), STREAM)
  for await (const part of stream) {
    for (const one of part instanceof Uint8Array ? [part] : part) hash.update(one)
    bytes += part.byteLength
  }
  hash.digest()
  await stream.close()
  if (bytes !== BYTES) throw new Error(`${bytes} bytes came over the stream`)
}
