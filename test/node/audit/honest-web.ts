import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { generateJpegs } from '../../../scripts/bench/generate-images.ts'
import { httpResponse, warcinfo, warcRecord } from '../crawl/make-warc.ts'

const FILES = new URL('../../../cli/demo/files/', import.meta.url)
const NAMES = readdirSync(FILES).filter((name) => /^(?:noto|circle-flags).*\.(?:jpg|png)$/.test(name))
const IMAGES = 5
const PHOTOS = 6

/** What becomes of a picture between the crawl and its audits, in percent of all pictures on the web. */
const FATES = {
  // a tenth dies
  gone404: 3,
  gone410: 3,
  unreachable: 2,
  mute: 2,
  changed: 10,
  reencoded: 10,
  robots: 3,
  header: 2,
  // 503 for a while, and for an hour
  busy: 3,
  shut: 2,
  // not there at the crawl, but later; and never
  back: 3,
  missing: 3,
  forbidden: 2,
  broken: 2,
  mended: 1,
  tiny: 1,
} as const
type Fate = keyof typeof FATES | 'same'

/** The fate of each picture is its own, whatever segment it is on. */
function fateOf(n: number): Fate {
  // all hundred residues once before any comes again
  let left = (n * 37) % 100
  for (const [fate, percent] of Object.entries(FATES) as [Fate, number][])
    if ((left -= percent) < 0) return fate
  return 'same'
}

/** These servers do alike for all of their pictures. */
const SERVERS: Partial<Record<Fate, string>> = {
  unreachable: 'unreachable.example',
  mute: 'mute.example',
  robots: 'turned.example',
  busy: 'busy.example',
  shut: 'shut.example',
  forbidden: 'forbidden.example',
}
const ORDINARY = 20

/**
 * A segment: pages with pictures on the web, one of the page before, one in the archive itself; one picture whose text
 * says nothing, and a page that opts out: 7 candidates a page, and two.
 */
export function makeSegment(segment: number, pages: number): Buffer {
  const records = [warcinfo()]
  let before = '<img src="http://h1.example/none.jpg" alt="!">'
  const tag = (url: string, text: string) => `<img src="${url}" alt="${text}">`
  for (let page = 0; page < pages; page++) {
    const tags = [before]
    for (let i = 0; i < IMAGES; i++) {
      const n = (segment * pages + page) * IMAGES + i
      const name = nameOf(n)
      // every fourth has a text of something else
      const text = n % 4 === 3 ? NAMES[(n * 7 + 5) % NAMES.length]! : name
      const host = SERVERS[fateOf(n)] ?? `h${n % ORDINARY}.example`
      before = tag(`http://${host}/${n}/${name}`, `A drawing: ${text.replace(/\W+|_/g, ' ')}`)
      tags.push(before)
    }
    const archived = NAMES[(segment + page) % NAMES.length]!
    const url = `http://archive.example/${segment}/${page}/${archived}`
    tags.push(tag(url, `A drawing: ${archived.replace(/\W+|_/g, ' ')}`))
    records.push(
      warcRecord(httpResponse(`<html><body>${tags.join('\n')}</body></html>`), {
        'WARC-Target-URI': `http://pages.example/${segment}/${page}`,
      }),
      warcRecord(httpResponse(readFileSync(new URL(archived, FILES)), { 'Content-Type': 'image/jpeg' }), {
        'WARC-Target-URI': url,
      }),
    )
  }
  const optOut = `<html><head><meta name="robots" content="noai"></head><body>${before}</body></html>`
  records.push(
    warcRecord(httpResponse(optOut), { 'WARC-Target-URI': `http://pages.example/${segment}/optout` }),
  )
  return Buffer.concat(records.map((record) => gzipSync(record)))
}

/** Drawings, and every sixth a photograph of nothing. */
function nameOf(n: number): string {
  return n % 6 === 5 ? `photo-${n % PHOTOS}.jpg` : NAMES[n % NAMES.length]!
}

/** The web that the segments' pictures are on: as it was at the crawl, and later. */
export async function startHonestWeb() {
  const photos = await generateJpegs(7, PHOTOS)
  let isLater = false
  let refusals = 0
  const bytesOf = (name: string): Uint8Array =>
    name.startsWith('photo-')
      ? photos[Number.parseInt(name.slice('photo-'.length), 10)]!
      : readFileSync(new URL(name, FILES))

  async function answer(fate: Fate, n: number, name: string, response: ServerResponse): Promise<void> {
    const end = (status: number, headers = {}) => void response.writeHead(status, headers).end()
    const give = (bytes: Uint8Array) => void response.setHeader('content-type', 'image/jpeg').end(bytes)
    const whole = bytesOf(name)
    if (fate === 'missing') return end(404)
    if (fate === 'broken') return give(whole.subarray(0, 60))
    if (fate === 'tiny') return give(await blank(3))
    if (!isLater) {
      if (fate === 'back') return end(404)
      return give(fate === 'mended' ? whole.subarray(0, 60) : whole)
    }
    if (fate === 'gone404') return end(404)
    if (fate === 'gone410') return end(410)
    // no answer ever comes
    if (fate === 'mute') return
    if (fate === 'changed') return give(await another(n))
    if (fate === 'reencoded') return give(await reencode(whole, n))
    if (fate === 'header') response.setHeader('x-robots-tag', 'noai')
    if (fate === 'busy' && refusals++ % 3 !== 2) return end(503)
    if (fate === 'shut') return end(503, { 'retry-after': '3600' })
    give(whole)
  }

  /** Another drawing, or a grey square. */
  function another(n: number): Promise<Uint8Array> | Uint8Array {
    return n % 2 === 0 ? bytesOf(nameOf(n + 3)) : blank(300)
  }

  const server = createServer((request, response) => {
    const [, number, name] = /^\/(\d+)\/([\w.-]+)$/.exec(request.url ?? '') ?? []
    if (request.url === '/robots.txt') {
      const { host = '' } = request.headers
      const isForbidden = host === SERVERS.forbidden ? !isLater : isLater && host === SERVERS.robots
      if (isForbidden) return void response.end('User-agent: *\nDisallow: /\n')
    }
    if (number === undefined || name === undefined) return void response.writeHead(404).end()
    const n = Number(number)
    answer(fateOf(n), n, name, response).catch(() => response.destroy())
  })
  const to = await listen(server)
  const closed = await closedAddress()
  const names = [
    ...Array.from({ length: ORDINARY }, (_, i) => `h${i}.example`),
    ...(Object.values(SERVERS) as string[]),
  ]
  const hosts = Object.fromEntries(names.map((name) => [name, to]))
  return {
    hosts,
    laterHosts: { ...hosts, [SERVERS.unreachable!]: closed },
    growOld() {
      isLater = true
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function blank(side: number): Promise<Buffer> {
  return sharp({ create: { width: side, height: side, channels: 3, background: '#7a8' } })
    .jpeg()
    .toBuffer()
}

/** As another server would send it: compressed more, and every other a little smaller. */
async function reencode(bytes: Uint8Array, n: number): Promise<Buffer> {
  const image = sharp(bytes).flatten({ background: '#fff' })
  const { width } = await sharp(bytes).metadata()
  const scaled = n % 2 === 0 ? image : image.resize(Math.round(width * 0.93))
  return scaled.jpeg({ quality: 45 + (n % 5) * 10 }).toBuffer()
}

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** @returns where nobody listens */
async function closedAddress(): Promise<string> {
  const server = createServer()
  const address = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return address
}
