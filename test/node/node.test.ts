import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CrawlResult, Node } from '../../node/components.ts'
import { gzipEach, httpResponse, pageRecord, warcinfo, warcRecord } from './crawl/make-warc.ts'
import { crawl, withNode } from './with-node.ts'
import { forbidNetwork } from './work/forbid-network.ts'
import { makeCrawl, playWeb } from './work/made-crawl.ts'

const SHARED = new URL('../../../shared/crawl/', import.meta.url)

const door = suite('node')
let dir = ''

door.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-node-'))
})
door.after(() => rm(dir, { recursive: true, force: true }))

/** The files of a segment's shard, by their names. */
const cidsOf = ({ files }: CrawlResult) => Object.values(files).map(({ cid }) => cid)

/** Real crawls: responses, pages, `img`, and those with an address and a text. */
const REAL: Record<string, [number, number, number, number]> = {
  'CC-MAIN-20140820021334-00006-ip-10-180-136-8.ec2.internal.warc': [4, 3, 861, 861],
  'CC-MAIN-20140820021334-00006-ip-10-180-136-8.ec2.internal.warc.wat': [2, 1, 4, 4],
  'CC-MAIN-2020-34-excerpt.warc.gz': [16, 16, 153, 32],
  'CC-MAIN-sample2.warc.wat.gz': [1, 1, 27, 0],
  'whirlwind.warc.gz': [1, 1, 13, 7],
  'cc.warc.gz': [1, 1, 8, 6],
  'vu_sample.warc.gz': [4, 4, 11, 11],
  'web-with-images.warc.gz': [299, 140, 858, 666],
}

function sharedFile(name: string): string | null {
  const path = fileURLToPath(new URL(name, SHARED))
  if (existsSync(path)) return path
  console.log(`skipped: ${path} is not here`)
  return null
}

door('counts what real crawls hold', async () => {
  const files = Object.keys(REAL).flatMap((name) => sharedFile(name) ?? [])
  if (files.length === 0) return
  await withNode(dir, {}, async (node) => {
    const results = await crawl(node, files)
    const found = results.map(({ file, counts }) => [
      file.split('/').at(-1),
      [counts.responses, counts.htmlPages, counts.imgs, counts.candidates],
    ])
    assert.equal(Object.fromEntries(found), REAL)
    for (const { candidates, outcomes, verified, counts } of results) {
      assert.is(
        Object.values(outcomes).reduce((sum, count) => sum + count, 0),
        candidates,
      )
      assert.is(candidates, counts.candidates)
      assert.ok(verified)
    }
    // segments are numbered by the campaign's sources, WARCs before WATs, whatever the order they came in
    const shards = (await node.listShards()).map(({ segment, name }) => [segment, name] as const)
    const names = [
      ...Object.keys(REAL).filter((name) => !name.includes('.wat')),
      ...Object.keys(REAL).filter((name) => name.includes('.wat')),
    ]
    assert.equal(
      shards.sort(([a], [b]) => a - b).map(([, name]) => name),
      names,
    )
  })
})

door('scores the pictures inside a WARC with no network at all', async () => {
  const file = sharedFile('web-with-images.warc.gz')
  if (file === null) return
  const network = forbidNetwork()
  try {
    await withNode(dir, {}, async (node) => {
      const [scored] = await crawl(node, [file])
      assert.ok((scored?.outcomes.similarity ?? 0) + (scored?.pairs ?? 0) >= 5)
      const [kept] = await crawl(node, [file], { threshold: -1 })
      const rows = await exportRows(node, kept as CrawlResult)
      assert.is(rows.length, (scored?.outcomes.similarity ?? 0) + (scored?.pairs ?? 0))
      const bodies = readBodies(gunzipSync(await readFile(file)))
      for (const { url, sha256 } of rows) assert.is(sha256, bodies.get(url), url)
    })
    assert.is(network.attempts(), 0)
    assert.throws(() => connect(1, '127.0.0.1'), /forbidden/)
    assert.is(network.attempts(), 1)
  } finally {
    network.allow()
  }
})

interface Row {
  url: string
  sha256: string
}

async function exportRows(node: Node, { manifest }: CrawlResult): Promise<Row[]> {
  const out = join(dir, `${manifest}.jsonl`)
  await node.exportPairs({
    ...{ cids: [manifest], format: 'jsonl', out, isFile: true },
    ...{ filters: {}, rowsPerFile: null, signers: [] },
  })
  return (await readFile(out, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** sha256 of each response's body in an inflated WARC whose bodies are stored as they were sent. */
function readBodies(warc: Buffer): Map<string, string> {
  const bodies = new Map<string, string>()
  for (let at = warc.indexOf('WARC/'); at !== -1; ) {
    const headEnd = warc.indexOf('\r\n\r\n', at) + 4
    const head = warc.toString('latin1', at, headEnd)
    const length = Number(/^Content-Length: (\d+)/im.exec(head)?.[1])
    const url = /^WARC-Target-URI: (\S+)/im.exec(head)?.[1]
    const block = warc.subarray(headEnd, headEnd + length)
    const body = block.subarray(block.indexOf('\r\n\r\n') + 4)
    if (/^WARC-Type: response/im.test(head) && url)
      bodies.set(url, createHash('sha256').update(body).digest('hex'))
    at = warc.indexOf('WARC/', headEnd + length)
  }
  return bodies
}

door('gives the same bytes for the same input, key and clock', async () => {
  const web = await playWeb()
  const loopback = { hosts: web.hosts }
  try {
    const { warc } = makeCrawl(4)
    const results: CrawlResult[] = []
    const key = join(dir, 'same.key')
    for (const [place, threads] of [
      ['here', 1],
      ['there/below', 3],
    ] as const) {
      const dataDir = join(dir, `same-${threads}`)
      const file = join(dir, place, 'made.warc.gz')
      await mkdir(dataDir)
      await mkdir(join(dir, place), { recursive: true })
      await writeFile(file, warc)
      if (existsSync(key)) await copyFile(key, join(dataDir, 'identity.key'))
      await withNode(dir, { dataDir, threads, loopback, offline: false }, async (node) => {
        const [result] = await crawl(node, [file], { outDir: join(dataDir, 'out') })
        assert.ok(result && result.pairs > 0)
        results.push(result)
        assert.not.match(JSON.stringify([await exportRows(node, result), await node.listShards()]), dir)
        assert.equal(
          await readFile(result.files['pairs.parquet']?.path ?? ''),
          await readFile(join(dataDir, 'out/made.warc.gz/pairs.parquet')),
        )
      })
      await copyFile(join(dataDir, 'identity.key'), key)
    }
    const [one, other] = results as [CrawlResult, CrawlResult]
    assert.equal(cidsOf(one), cidsOf(other))
    assert.is(one.manifest, other.manifest)
  } finally {
    await web.close()
  }
})

door('gives a finished crawl again, and a changed file anew', async () => {
  const file = join(dir, 'growing.warc.gz')
  await writeFile(file, gzipEach([warcinfo(), pageRecord('one', 3)]))
  await withNode(dir, {}, async (node) => {
    const [first] = await crawl(node, [file])
    const [again] = await crawl(node, [file])
    assert.is(again?.manifest, first?.manifest)
    assert.equal({ ...again, seconds: 0 }, { ...first, seconds: 0 })
    assert.is((await node.listShards()).length, 1)
    await appendFile(file, gzipEach([pageRecord('two', 2)]))
    const [changed] = await crawl(node, [file])
    assert.equal(changed?.outcomes, { offline: 5 })
    assert.is(changed?.campaign, first?.campaign)
    assert.is((await node.listShards()).length, 2)
  })
})

door('knows a pair from another file of the same campaign, and of no other', async () => {
  const [one, two] = [join(dir, 'one.warc.gz'), join(dir, 'two.warc.gz')]
  await writeFile(one, gzipEach([warcinfo(), pageRecord('one', 3), pageRecord('one', 1)]))
  await writeFile(two, gzipEach([warcinfo(), pageRecord('two', 1), pageRecord('one', 2)]))
  await withNode(dir, {}, async (node) => {
    const results = await crawl(node, [one, two])
    assert.equal(
      results.map(({ outcomes }) => outcomes),
      [
        { offline: 3, duplicate: 1 },
        { offline: 1, duplicate_elsewhere: 2 },
      ],
    )
    const [alone] = await crawl(node, [two])
    assert.equal(alone?.outcomes, { offline: 3 })
  })
})

door('reads archives of this machine by any name, and pictures of it by none', async () => {
  const askers = new Set<string | undefined>()
  const paths = new Set<string | undefined>()
  const server = createServer((request, response) => {
    askers.add(request.headers['user-agent'])
    paths.add(request.url)
    const img = `<img src="http://127.0.0.1:${(server.address() as AddressInfo).port}/a.jpg" alt="a picture of mine">`
    response.end(gzipEach([warcinfo(), warcRecord(httpResponse(`<html><body>${img}</body></html>`))]))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const loopback = { hosts: { 'archive.example': `127.0.0.1:${port}` } }
  try {
    const files = [`http://localhost:${port}/one.warc.gz`, 'http://archive.example/two.warc.gz']
    const results = await withNode(dir, { loopback, offline: false }, (node) => crawl(node, files))
    assert.equal(
      results.map(({ outcomes }) => outcomes),
      [{ address_refused: 1 }, { duplicate_elsewhere: 1 }],
    )
    assert.equal([...paths].sort(), ['/one.warc.gz', '/two.warc.gz'])
    assert.is(askers.size, 1)
    assert.match([...askers].join(), /^Shoal\/[\d.]+ \(\+peer \w+\)$/)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

door('stops at once when it is told to, and goes on later', async () => {
  const web = await playWeb()
  const file = join(dir, 'stopped.warc.gz')
  const made = makeCrawl(6)
  await writeFile(file, made.warc)
  const options = { loopback: { hosts: web.hosts }, offline: false }
  try {
    const whole = await withNode(dir, options, (node) => crawl(node, [file]))
    web.forget()
    const before = process.getActiveResourcesInfo().sort()
    const stopped = await withNode(dir, options, async (node, dataDir) => {
      const stop = new AbortController()
      const crawling = crawl(node, [file], {
        signal: stop.signal,
        onProgress: ({ stages }) => {
          if (stages.some(({ stage, done }) => stage === 'score' && done > 0)) stop.abort(new Error('enough'))
        },
      })
      await crawling.then(
        () => assert.unreachable('it went on to the end'),
        (error) => assert.is(error.message, 'enough'),
      )
      return dataDir
    })
    // what it left is let go, sooner or later
    for (let waited = 0; waited < 60_000 && extra(before).length > 0; waited += 50)
      await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(extra(before), [])
    assert.ok(web.requests().size < made.fetched)
    const resumed = await withNode(dir, { ...options, dataDir: stopped }, (node) => crawl(node, [file]))
    assert.equal(resumed.map(cidsOf), whole.map(cidsOf))
    assert.is(web.requests().size, made.fetched)
  } finally {
    await web.close()
  }
})

/** What keeps the process alive that did not before; connections end when their servers like. */
function extra(before: string[]): string[] {
  const rest = [...before]
  return process.getActiveResourcesInfo().filter((name) => {
    const known = rest.indexOf(name)
    if (known !== -1) rest.splice(known, 1)
    return known === -1
  })
}

door.run()
