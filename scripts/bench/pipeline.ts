import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import type { DecodedImage, DeviceUse } from '../../node/components.ts'
import { startCrawl } from '../../node/crawl/crawl.ts'
import { startImages } from '../../node/images/images.ts'
import { openNode } from '../../node/node.ts'
import { openScorer } from '../../node/score/score.ts'
import { openWeb } from '../../node/web/web.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'

const IMAGES = 2_400
const IMAGES_PER_PAGE = 12
/** So many that no host's gap is what limits the rate. */
const HOSTS = 600
/** Tasks in hand at once where a stage runs alone. */
const IN_FLIGHT = 48

const rules = { ...PRESETS['laion-5b']!, similarity: { default: -1, languages: {} } }

/**
 * The whole pipeline, from a WARC to a verified shard, beside what its stages cost when each runs alone on the
 * same pictures, with all cores: `ofLimit` is the wall-clock time that their CPU times (with the web server's,
 * which shares the cores) add up to on these cores, divided by the time the pipeline took.
 */
export async function benchPipeline(): Promise<{
  ofLimit: number
  perSecond: number
  cpuMsPerImage: Record<string, number>
}> {
  return withWeb(async ({ file, hosts, dir, server }) => {
    const alone = await measureStages(file, hosts)
    const serverBefore = await askCpu(server)
    const { seconds } = await runWhole(file, hosts, dir)
    const cpu = { ...alone, server: (await askCpu(server)) - serverBefore }
    const sum = Object.values(cpu).reduce((total, ms) => total + ms, 0)
    return {
      ofLimit: sum / 1000 / availableParallelism() / seconds,
      perSecond: IMAGES / seconds,
      cpuMsPerImage: Object.fromEntries(
        Object.entries(cpu).map(([stage, ms]) => [stage, Number((ms / IMAGES).toFixed(3))]),
      ),
    }
  })
}

/**
 * How much of the whole pipeline's time a device has a batch to work on, on generated pictures from a server on this
 * machine, from the first page on: opening the model, and trying the device, are not counted.
 *
 * @param device - as ScorerOptions has it
 * @param model - a model's name or directory, since a small one leaves a GPU nothing to do
 */
export async function benchBusy(
  device = 'auto',
  model: string | null = null,
): Promise<{ device: string; ofLimit: number; perSecond: number }> {
  return withWeb(async ({ file, hosts, dir }) => {
    const { seconds, devices } = await runWhole(file, hosts, dir, { device, model })
    const busy = devices.reduce((sum, { busySeconds }) => sum + busySeconds, 0) / devices.length
    return {
      device: devices.map((use) => use.device).join(','),
      ...{ ofLimit: busy / seconds, perSecond: IMAGES / seconds },
    }
  })
}

interface PlayedWeb {
  file: string
  hosts: Record<string, string>
  dir: string
  server: ChildProcess
}

/** Plays the sites of a crawl that is generated, for as long as `work` takes. */
async function withWeb<T>(work: (web: PlayedWeb) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-'))
  const server = fork(new URL('./image-server.ts', import.meta.url), { stdio: 'inherit' })
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }]
    const hosts = Object.fromEntries(
      Array.from({ length: HOSTS }, (_, i) => [`h${i}.example`, `127.0.0.1:${port}`]),
    )
    const file = join(dir, 'bench.warc.gz')
    await writeFile(file, makeWarc())
    return await work({ file, hosts, dir, server })
  } finally {
    server.disconnect()
    await rm(dir, { recursive: true, force: true })
  }
}

async function runWhole(
  file: string,
  hosts: Record<string, string>,
  dir: string,
  { device, model }: { device: string; model: string | null } = { device: 'cpu', model: null },
): Promise<{ seconds: number; devices: DeviceUse[] }> {
  let devices: DeviceUse[] = []
  const log = pino(
    { level: 'info' },
    { write: (line) => void (devices = JSON.parse(line).devices ?? devices) },
  )
  const node = await openNode({
    ...{ dataDir: join(dir, 'node'), model, device, threads: availableParallelism(), contact: null },
    ...{ offline: false, loopback: { hosts }, clock: Date.now, log },
  })
  try {
    for await (const result of node.crawl({
      ...{ files: [file], kind: 'warc', preset: 'laion-5b', threshold: -1, outDir: null },
    })) {
      if (result.pairs !== IMAGES || !result.verified)
        throw new Error(
          `the pipeline kept ${result.pairs} pairs of ${IMAGES}: ${JSON.stringify(result.outcomes)}`,
        )
      return { seconds: result.seconds, devices }
    }
    throw new Error('no segment ended')
  } finally {
    await node.close()
  }
}

/** CPU milliseconds of this process that each stage takes for all the pictures, alone. */
async function measureStages(file: string, hosts: Record<string, string>): Promise<Record<string, number>> {
  const threads = availableParallelism()
  const crawl = startCrawl({ threads })
  const web = openWeb({ hosts })
  const images = startImages({ threads, userAgent: 'Shoal-bench/1', web })
  const scorer = await openScorer(undefined, { cacheDir: tmpdir(), threads })
  try {
    const source = { kind: 'warc', location: file, name: 'bench', part: { index: 0, count: 1 } } as const
    const urls: string[] = []
    const bodies: Uint8Array[] = []
    const decoded: DecodedImage[] = []
    const read = await cpuOf(async () => {
      for await (const { pages } of crawl.extract(source, rules))
        for (const { candidates } of pages) urls.push(...candidates.map(({ url }) => url))
    })
    const fetch = await cpuOf(() =>
      eachOf(urls, async (url) => {
        const result = await images.fetch(url)
        if (!result.ok) throw new Error(`${url}: ${result.outcome}`)
        bodies.push(result.image.bytes)
      }),
    )
    const decode = await cpuOf(() =>
      eachOf(bodies, async (bytes) => {
        const result = await images.decode(bytes, scorer.geometry, rules)
        if (!result.ok) throw new Error(result.outcome)
        decoded.push(result.image)
      }),
    )
    const score = await cpuOf(() => eachOf(decoded, (image, i) => scorer.score(image.crop, textOf(i))))
    return { read, fetch, decode, score }
  } finally {
    await Promise.all([crawl.close(), images.close(), scorer.close()])
    await web.close()
  }
}

async function eachOf<T>(items: T[], work: (item: T, index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      for (let i = next++; i < items.length; i = next++) await work(items[i] as T, i)
    }),
  )
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

async function askCpu(server: ChildProcess): Promise<number> {
  server.send('cpu')
  const [{ cpuMs }] = (await once(server, 'message')) as [{ cpuMs: number }]
  return cpuMs
}

function textOf(index: number): string {
  return `picture number ${index} of a small garden behind the house`
}

function makeWarc(): Buffer {
  const members: Buffer[] = []
  for (let first = 0; first < IMAGES; first += IMAGES_PER_PAGE) {
    const tags = Array.from({ length: IMAGES_PER_PAGE }, (_, i) => {
      const n = first + i
      return `<p><img src="http://h${n % HOSTS}.example/${n}.jpg" alt="${textOf(n)}">`
    })
    const html = `<html><title>${first}</title><body>${tags.join('\n')}</body></html>`
    const body = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${html}`
    const head = [
      'WARC/1.0',
      'WARC-Type: response',
      `WARC-Target-URI: http://h${first % HOSTS}.example/page-${first}.html`,
      'WARC-Date: 2026-01-01T00:00:00Z',
      `WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-${String(first).padStart(12, '0')}>`,
      'Content-Type: application/http; msgtype=response',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ]
    members.push(gzipSync(`${head.join('\r\n')}\r\n\r\n${body}\r\n\r\n`))
  }
  return Buffer.concat(members)
}
