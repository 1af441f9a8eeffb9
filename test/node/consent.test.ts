import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gzipEach, httpResponse, warcinfo, warcRecord } from './crawl/make-warc.ts'
import { xmpPacket } from './images/opted-out-files.ts'
import { crawl, withNode } from './with-node.ts'

const consent = suite('node: consent')
const NAME = 'noto-lemon.jpg'
const PICTURE = readFileSync(new URL(`../../cli/demo/files/${NAME}`, import.meta.url))
const PAGE_DATE = '2024-05-06T07:08:09Z'
const NOW = Date.UTC(2026, 0, 1)
/** the texts differ, as equal pairs would be duplicates */
const tag = (url: string, n: number) => `<img src="${url}" alt="a lemon, the yellow fruit, number ${n}">`

/** What each host answers, by path; the picture where nothing is given. */
const HOSTS: Record<string, Record<string, string>> = {
  'plain.example': {},
  'robots.example': { '/robots.txt': 'User-agent: img2dataset\nDisallow: /' },
  'reserved.example': { '/.well-known/tdmrep.json': '[{"location":"/","tdm-reservation":1}]' },
  'signal.example': { '/robots.txt': 'User-agent: *\nContent-Signal: ai-train=no\nAllow: /' },
  'ai.example': { '/ai.txt': 'User-Agent: *\nDisallow: *.jpg' },
  'header.example': {},
  'marked.example': {},
}

/** Pages: [address, headers, content]. */
const PAGES: [string, Record<string, string>, string][] = [
  [
    'http://pages.example/',
    {},
    Object.keys(HOSTS)
      .map((host, n) => tag(`http://${host}/a.jpg`, n))
      .join(''),
  ],
  ['http://pages.example/said', { 'X-Robots-Tag': 'otherbot: noai' }, tag('http://plain.example/b.jpg', 20)],
  ['http://pages.example/reserved', { 'TDM-Reservation': '1' }, tag('http://plain.example/c.jpg', 21)],
  ['http://pages.example/usage', { 'Content-Usage': 'train-ai=n' }, tag('http://plain.example/d.jpg', 22)],
  [
    'http://pages.example/archive',
    {},
    tag('http://archived.example/e.jpg', 23) + tag('http://archived.example/f.jpg', 24),
  ],
]

async function playHosts() {
  const marked = await sharp(PICTURE)
    .withXmp(xmpPacket('<plus:DataMining>DMI-PROHIBITED</plus:DataMining>'))
    .toBuffer()
  const asked: string[] = []
  const server = createServer(({ headers: { host = '' }, method, url = '' }, response) => {
    asked.push(`${method} ${host}${url}`)
    const said = HOSTS[host]?.[url]
    if (said !== undefined) return void response.end(said)
    if (!url.endsWith('.jpg')) return void response.writeHead(404).end()
    if (host === 'header.example') response.setHeader('Content-Usage', 'train-ai=n')
    response.setHeader('content-type', 'image/jpeg').end(host === 'marked.example' ? marked : PICTURE)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const to = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    asked,
    hosts: Object.fromEntries([...Object.keys(HOSTS), 'archived.example'].map((host) => [host, to])),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function makeWarc(): Buffer {
  const pages = PAGES.map(([url, headers, body]) =>
    warcRecord(httpResponse(`<html><body>${body}</body></html>`, headers), {
      ...{ 'WARC-Target-URI': url, 'WARC-Date': PAGE_DATE },
    }),
  )
  const archived = (path: string, headers: Record<string, string>) =>
    warcRecord(httpResponse(PICTURE, { 'Content-Type': 'image/jpeg', ...headers }), {
      ...{ 'WARC-Target-URI': `http://archived.example/${path}`, 'WARC-Date': PAGE_DATE },
    })
  return gzipEach([
    ...[warcinfo(), ...pages],
    ...[archived('e.jpg', {}), archived('f.jpg', { 'TDM-Reservation': '1' })],
  ])
}

consent('each refusal is an outcome with its reason, and pairs have what was seen, and when', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-consent-'))
  const web = await playHosts()
  try {
    const file = join(dir, 'a.warc.gz')
    await writeFile(file, makeWarc())
    const rows = await withNode(dir, { offline: false, loopback: { hosts: web.hosts } }, async (node) => {
      const [result] = await crawl(node, [file], { threshold: -1, outDir: join(dir, 'out') })
      assert.is(result!.verified, true)
      const read = async (name: string) =>
        parquetReadObjects({
          file: await asyncBufferFromFile(result!.files[name]!.path!),
          compressors: { ZSTD: (bytes) => zstdDecompressSync(bytes) },
        })
      return { outcomes: await read('outcomes.parquet'), pairs: await read('pairs.parquet') }
    })
    assert.equal(
      rows.outcomes.map(({ url, outcome, detail }) => [url, outcome, detail]),
      [
        ['http://plain.example/a.jpg', 'kept', null],
        ['http://robots.example/a.jpg', 'optout_robots', 'robots.txt: img2dataset'],
        ['http://reserved.example/a.jpg', 'optout_site', 'tdmrep.json: 1'],
        ['http://signal.example/a.jpg', 'optout_site', 'robots.txt content-signal: ai-train=no'],
        ['http://ai.example/a.jpg', 'optout_site', 'ai.txt: disallow *'],
        ['http://header.example/a.jpg', 'optout_image', 'content-usage: train-ai=n'],
        ['http://marked.example/a.jpg', 'optout_image', 'xmp: DMI-PROHIBITED'],
        ['http://plain.example/b.jpg', 'kept', null],
        ['http://plain.example/c.jpg', 'optout_page', null],
        ['http://plain.example/d.jpg', 'optout_page', null],
        ['http://archived.example/e.jpg', 'kept', null],
        ['http://archived.example/f.jpg', 'optout_image', 'tdm-reservation: 1'],
      ],
    )
    const now = new Date(NOW).toISOString()
    const then = new Date(PAGE_DATE).toISOString()
    const site = ['robots.txt: 404', 'tdmrep.json: 404', 'ai.txt: 404']
    assert.equal(
      rows.pairs.map(({ url, signals, signals_at: at }) => [url, signals, at]),
      [
        ['http://plain.example/a.jpg', site, [now, now, now]],
        ['http://plain.example/b.jpg', ['x-robots-tag: otherbot: noai', ...site], [then, now, now, now]],
        ['http://archived.example/e.jpg', [], []],
      ],
    )
    const count = (host: string) => web.asked.filter((one) => one.includes(` ${host}/`)).length
    // four files and two pictures; pictures that their pages or the archive decide on ask for nothing
    assert.is(count('plain.example'), 6)
    assert.is(count('robots.example'), 1)
    assert.is(count('archived.example'), 0)
    assert.equal(
      web.asked.filter((one) => one.endsWith('reserved.example/a.jpg')),
      ['HEAD reserved.example/a.jpg'],
    )
  } finally {
    await web.close()
    await rm(dir, { recursive: true, force: true })
  }
})

consent.run()
