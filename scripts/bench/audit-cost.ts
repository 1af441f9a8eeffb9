import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { CID } from 'multiformats/cid'
import { type AuditJob, recheckShard } from '../../node/audit/audit.ts'
import type { Images, Scorer } from '../../node/components.ts'
import { startCrawl } from '../../node/crawl/crawl.ts'
import { type Identity, loadIdentity, verifySignature } from '../../node/identity.ts'
import { startImages } from '../../node/images/images.ts'
import { produceShard } from '../../node/produce-shard.ts'
import { openScorer } from '../../node/score/score.ts'
import { makeJob } from '../../node/segment-job.ts'
import { readShard } from '../../node/shard/shard.ts'
import { openBlocks, openStore } from '../../node/store/store.ts'
import { openWeb } from '../../node/web/web.ts'
import { cidOf, encode } from '../../protocol/codec.ts'
import { open } from '../../protocol/envelope.ts'
import { DEFAULT_AUDIT, decodeCampaign, makeCampaign, pipelineId } from '../../protocol/records/campaign.ts'
import { proofMessage } from '../../protocol/records/verdict.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'
import { record } from './generate-crawl.ts'

const IMAGES = 10_000
const IMAGES_PER_PAGE = 8
/** Inflated bytes of a page besides its images: the median of Common Crawl's is somewhat more. */
const PAGE_BYTES = 40_000
const HOSTS = 1_000
const VERIFIERS = 3
/** Some candidates are kept and some are not. */
const THRESHOLD = 0.05

const rules = { ...PRESETS['laion-5b']!, similarity: { default: THRESHOLD, languages: {} } }

interface Cost {
  cpuSeconds: number
  mib: number
}

/**
 * What it costs to audit a shard by the default policy, beside what it cost to make it: CPU time, and bytes that come
 * from the archive, from the images' servers and, as the shard itself, from its producer. `ofCrawl` is the greater
 * share of both, of all verifiers together.
 */
export async function benchAuditCost(): Promise<{
  ofCrawl: number
  candidates: number
  kept: number
  samples: number
  crawl: Cost
  audit: Cost
  ofCrawlByOne: { cpu: number; bytes: number }
  ofCrawlByAll: { cpu: number; bytes: number }
}> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-'))
  const pictures = fork(new URL('./image-server.ts', import.meta.url), { stdio: 'inherit' })
  const archive = await serveArchive(makeWarc())
  try {
    const [{ port }] = (await once(pictures, 'message')) as [{ port: number }]
    return await measure(dir, port, archive)
  } finally {
    archive.close()
    pictures.disconnect()
    await rm(dir, { recursive: true, force: true })
  }
}

async function measure(dir: string, port: number, archive: Archive): ReturnType<typeof benchAuditCost> {
  const threads = availableParallelism()
  const hosts: Record<string, string> = { 'archive.example': archive.to }
  for (let i = 0; i < HOSTS; i++) hosts[`h${i}.example`] = `127.0.0.1:${port}`
  const web = openWeb({ hosts })
  const scorer = await openScorer(undefined, { cacheDir: dir, threads })
  const images = startImages({ threads, userAgent: 'Shoal-bench/1', web })
  const counted = countBytes(images)
  const parts = { crawl: startCrawl({ threads, web }), images: counted.images, scorer }
  const store = await openStore(join(dir, 'db'))
  const blocks = await openBlocks(join(dir, 'blocks'))
  const identity = await loadIdentity(dir)
  const bytes = () => counted.bytes() + archive.bytes()
  try {
    const { campaign, id } = await signCampaign(scorer, identity)
    const location = 'http://archive.example/bench.warc.gz'
    const source = { kind: 'warc', location, name: location, part: { index: 0, count: 1 } } as const
    let manifest = ''
    const crawl = await costOf(bytes, async () => {
      const job = makeJob({ source, bytes: null, fingerprint: 'bench' }, id, campaign.pipeline, {
        ...{ clock: Date.now, offline: false, duplicatesWithin: 'segment' },
      })
      const origin = { campaign: id, segment: 0, pipeline: pipelineId(campaign.pipeline), software: 'bench' }
      const options = { threads, workDir: join(dir, 'work'), onProgress() {} }
      const made = await produceShard({ ...parts, store, blocks, signer: identity }, job, origin, options)
      manifest = made.manifest
    })
    const costs: Cost[] = []
    let samples = 0
    let counts = { candidates: 0, pairs: 0 }
    for (let i = 0; i < VERIFIERS; i++) {
      let shardBytes = 0
      const cost = await costOf(
        () => bytes() + shardBytes,
        async () => {
          const shard = await readShard({ store, blocks }, CID.parse(manifest))
          shardBytes = shard.manifest.files.reduce((sum, file) => sum + file.bytes, 0)
          counts = shard.manifest.counts
          const job: AuditJob = { shard, campaign, source, threads, offline: false }
          const message = Buffer.concat([proofMessage(shard.cid), Buffer.of(i)])
          const { findings } = await recheckShard(parts, job, await identity.sign(message))
          const other = findings.find(({ finding }) => finding !== 'match')
          if (other) throw new Error(`an honest row is ${JSON.stringify(other)}`)
          samples = findings.length
        },
      )
      costs.push(cost)
    }
    const audit = median(costs)
    const one = { cpu: audit.cpuSeconds / crawl.cpuSeconds, bytes: audit.mib / crawl.mib }
    const all = { cpu: VERIFIERS * one.cpu, bytes: VERIFIERS * one.bytes }
    return {
      ofCrawl: Math.max(all.cpu, all.bytes),
      ...{ candidates: counts.candidates, kept: counts.pairs, samples, crawl, audit },
      ...{ ofCrawlByOne: one, ofCrawlByAll: all },
    }
  } finally {
    await Promise.all([parts.crawl.close(), images.close(), scorer.close()])
    await web.close()
    await store.close()
  }
}

async function signCampaign(scorer: Scorer, identity: Identity) {
  const { id, bytes } = await makeCampaign(
    {
      ...{ name: 'bench', contact: 'bench@example.org' },
      sources: [{ kind: 'warc', base: '', list: cidOf(encode('list'), 'raw'), count: 1, parts: 1 }],
      pipeline: {
        model: scorer.model,
        rules,
        consent: ['robots.txt', 'X-Robots-Tag', 'TDMRep'],
        safety: { tags: null, heads: [] },
      },
      audit: DEFAULT_AUDIT,
      trust: { mode: 'open', operators: [] },
      custodians: [],
    },
    identity,
  )
  return { id, campaign: decodeCampaign(await open(bytes, verifySignature)) }
}

/** What this process takes for some work; the servers' CPU time is others'. */
async function costOf(bytes: () => number, work: () => Promise<void>): Promise<Cost> {
  const cpuBefore = process.cpuUsage()
  const bytesBefore = bytes()
  await work()
  const { user, system } = process.cpuUsage(cpuBefore)
  return { cpuSeconds: (user + system) / 1e6, mib: (bytes() - bytesBefore) / 1024 / 1024 }
}

function median(costs: Cost[]): Cost {
  const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!
  return {
    cpuSeconds: middle(costs.map(({ cpuSeconds }) => cpuSeconds)),
    mib: middle(costs.map(({ mib }) => mib)),
  }
}

function countBytes(images: Images): { images: Images; bytes: () => number } {
  let bytes = 0
  return {
    bytes: () => bytes,
    images: {
      ...images,
      async fetch(...args) {
        const result = await images.fetch(...args)
        if (result.ok) bytes += result.image.bytes.length
        return result
      },
    },
  }
}

interface Archive {
  to: string
  /** sent so far */
  bytes: () => number
  close: () => void
}

/** The archive's server, with Range. */
async function serveArchive(warc: Buffer): Promise<Archive> {
  let bytes = 0
  const server = createServer((request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    const body = warc.subarray(Number(from ?? 0), to ? Number(to) + 1 : warc.length)
    bytes += body.length
    response.writeHead(206, {
      'content-range': `bytes ${from ?? 0}-${Number(from ?? 0) + body.length - 1}/${warc.length}`,
      'content-length': body.length,
    })
    response.end(body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    to: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => bytes,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Pages with images that are on some hosts in turn, and with text of which a third remains when it is packed. */
function makeWarc(): Buffer {
  const members: Buffer[] = []
  let state = 1
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state
  }
  for (let first = 0; first < IMAGES; first += IMAGES_PER_PAGE) {
    const tags = Array.from({ length: IMAGES_PER_PAGE }, (_, i) => {
      const n = first + i
      return `<img src="http://h${n % HOSTS}.example/${n}.jpg" alt="picture number ${n} of a garden behind the house">`
    })
    let text = ''
    while (text.length < PAGE_BYTES)
      text += `<p>${random().toString(36)} and ${random().toString(36)} of the</p>\n`
    const html = `<html><title>${first}</title><body>${tags.join('\n')}${text}</body></html>`
    const http = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${html}`
    const url = `http://pages.example/${first}.html`
    // as Common Crawl has them: what was asked for comes before each page
    members.push(
      gzipSync(record('request', url, 'application/http; msgtype=request', 'GET / HTTP/1.1\r\n\r\n')),
    )
    members.push(gzipSync(record('response', url, 'application/http; msgtype=response', http)))
  }
  return Buffer.concat(members)
}
