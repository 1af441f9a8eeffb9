import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Daemon, startDaemon } from '../../../node/daemon/daemon.ts'
import { type LogLevel, openLog } from '../../../node/log.ts'
import { encode } from '../../../protocol/codec.ts'
import { DHT_PROTOCOL, REQUEST_PROTOCOLS } from '../../../protocol/topics.ts'
import { gzipEach, httpResponse, warcinfo, warcRecord } from '../crawl/make-warc.ts'
import { makeDir, until } from '../network/start-node.ts'
import { playCrawl } from './play-crawl.ts'

const words = suite("strangers' words in a log")
const LATE_MS = 300_000
/** It comes in whatever is not this program's own. */
const WORD = 'stranger7'
const DEBUG = 20

words('of pages, servers, archives and peers: none above debug', async () => {
  await using stack = new AsyncDisposableStack()
  const crawl = await playCrawl()
  stack.defer(() => crawl.close())
  const tags = [0, 1, 2, 3].map(
    (i) => `<img src="http://h${i}.example/${WORD}/${i}.jpg" alt="a ${WORD} ${i}">`,
  )
  const lost = `<img src="http://${WORD}.example/1.jpg" alt="${WORD} is lost"><img src="http://[${WORD}" alt="a b ${WORD}">`
  const archive = gzipEach([
    warcinfo(),
    warcRecord(httpResponse(`<title>${WORD}</title>${tags}${lost}`, { 'X-Robots-Tag': WORD }), {
      'WARC-Target-URI': `http://pages.example/${WORD}`,
    }),
    warcRecord(`${WORD} is no response`, { 'WARC-Type': WORD }),
  ])
  crawl.give(`${WORD}-0`, archive)
  crawl.give(`${WORD}-1`, Buffer.from(`${WORD} is no archive\n`.repeat(100)))

  const start = async (level: LogLevel) => {
    const dataDir = await makeDir(stack)
    const file = join(dataDir, 'shoal.log')
    const daemon = await startDaemon({
      ...{ dataDir, model: null, threads: 1, segments: 1, hours: null, diskBytes: null },
      ...{ listen: ['/ip4/127.0.0.1/tcp/0'], peers: [], local: true, offline: false, metrics: true },
      ...{ loopback: { hosts: crawl.hosts }, bytesPerSecond: null, contentionMs: 200, syncEveryMs: 500 },
      ...{ clock: Date.now, log: openLog(level, { file }), gateway: { host: '127.0.0.1', port: 0 } },
    })
    stack.defer(() => daemon.stop())
    return { daemon, file, address: (await daemon.status()).addresses[0]! }
  }
  const worker = await start('info')
  const auditor = await start('debug')
  const list = join(await makeDir(stack), 'list.txt')
  await writeFile(list, `${WORD}-0.warc.gz\n${WORD}-1.warc.gz\n`)
  auditor.daemon.pause()
  const { campaign } = await worker.daemon.create({
    ...{ name: WORD, contact: `${WORD}@example.org`, preset: 'laion-5b', model: null, threshold: -1 },
    ...{ files: [list], kind: null, base: crawl.base, parts: 1, audit: { verifiers: 1 } },
  })
  await auditor.daemon.join(campaign, worker.address)
  for (const { address } of [worker, auditor]) await attack(stack, address)
  await until(
    'one segment is done, and the other has failed',
    async () => {
      const { produced, failures } = await worker.daemon.status()
      return produced === 1 && failures.length === 1
    },
    LATE_MS,
  )
  const { failures } = await worker.daemon.status()
  assert.match(JSON.stringify(failures), new RegExp(WORD), 'its owner is told')
  // the archive holds something else by now
  crawl.give(`${WORD}-0`, Buffer.from(`${WORD} was here\n`))
  auditor.daemon.resume()
  await until('the shard is audited, or can not be', () => isJudged(auditor.daemon), LATE_MS)
  for (const { daemon } of [worker, auditor]) {
    const { gateway } = await daemon.status()
    for (const path of [
      WORD,
      `ipfs/${WORD}`,
      `ipfs/${campaign}/${WORD}?format=${WORD}`,
      '%E0%A4%A',
      `optout/${WORD}`,
    ])
      await (await fetch(`${gateway}/${path}`, { headers: { range: WORD, 'user-agent': WORD } })).text()
    await daemon.stop()
  }

  assert.not.match(await readFile(worker.file, 'utf8'), new RegExp(WORD, 'i'))
  const lines = (await readFile(auditor.file, 'utf8')).trim().split('\n')
  const [above, below]: [string[], string[]] = [[], []]
  for (const line of lines) (JSON.parse(line).level > DEBUG ? above : below).push(line)
  assert.not.match(above.join('\n'), new RegExp(WORD, 'i'))
  assert.match(below.join('\n'), new RegExp(WORD), 'whoever debugs sees them')
})

async function isJudged(daemon: Daemon): Promise<boolean> {
  const { audits } = await daemon.status()
  return audits.done + audits.failures.length > 0
}

/** A peer that says it everywhere, asked or not. */
async function attack(stack: AsyncDisposableStack, address: string): Promise<void> {
  const libp2p = await createLibp2p({
    nodeInfo: { userAgent: WORD },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  })
  stack.defer(() => libp2p.stop())
  const text = new TextEncoder().encode(WORD.repeat(3))
  const message = encode({ [WORD]: WORD })
  const spoken = ['/meshsub/1.2.0', '/ipfs/bitswap/1.2.0', DHT_PROTOCOL, ...Object.values(REQUEST_PROTOCOLS)]
  for (const protocol of spoken)
    await libp2p.handle(protocol, (stream) => {
      stream.send(Uint8Array.of(text.length, ...text))
      stream.abort(new Error(WORD))
    })
  const connection = await libp2p.dial(multiaddr(address))
  for (const protocol of spoken)
    for (const data of [text, Uint8Array.of(message.length, ...message)]) {
      const stream = await connection.newStream(protocol).catch(() => null)
      stream?.send(data)
      await stream?.close({ signal: AbortSignal.timeout(1_000) }).catch(() => {})
    }
}

words.run()
