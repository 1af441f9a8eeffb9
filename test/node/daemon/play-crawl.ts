import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipEach, httpResponse, warcinfo, warcRecord } from '../crawl/make-warc.ts'

const FILES = new URL('../../../cli/demo/files/', import.meta.url)
/** a segment's pictures, each on a host of its own */
const PICTURES = ['airplane', 'balloon', 'anchor', 'bell'].map((name, i) => ({
  ...{ name, host: `h${i}.example`, bytes: readFileSync(new URL(`noto-${name}.jpg`, FILES)) },
}))
const ARCHIVES = 'archive.example'

/** A crawl whose archives and pictures a server on this machine gives, as slowly as a test wants. */
export async function playCrawl() {
  /** what to → how often it was asked for */
  const asked = new Map<string, number>()
  const held = new Map<string, PromiseWithResolvers<void>>()
  const given = new Map<string, Buffer>()
  const pace = { stepMs: 0 }
  const server = createServer(async ({ headers: { host, range }, url }, response) => {
    const [, archive, i] = /^\/([\w-]+)(?:\.warc\.gz|\/(\d)\.jpg)$/.exec(url ?? '') ?? []
    if (archive === undefined) return void response.writeHead(404).end()
    const count = (what: string) => asked.set(what, (asked.get(what) ?? 0) + 1)
    if (host === ARCHIVES) {
      const bytes = given.get(archive) ?? makeArchive(archive)
      // to learn the size it asks for the first byte alone, once for each time that it opens an archive
      if (range === 'bytes=0-0') count(archive)
      else await held.get(archive)?.promise
      return void response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    }
    const name = `${archive}/${i}`
    count(name)
    // one after the other, so that a segment is in the midst of its pictures most of the time
    await sleep(pace.stepMs * (1 + Number(i)))
    response.writeHead(200, { 'content-type': 'image/jpeg' }).end(PICTURES[Number(i)]!.bytes)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const to = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    base: `http://${ARCHIVES}/`,
    /** where it is; pictures are given for any host */
    to,
    hosts: Object.fromEntries([ARCHIVES, ...PICTURES.map(({ host }) => host)].map((host) => [host, to])),
    /** milliseconds from one of a segment's four pictures to the next */
    pace,
    /** how often an archive was opened (`three-0`), or a picture asked for (`three-0/3`) */
    timesAsked: (what: string): number => asked.get(what) ?? 0,
    /** Have an archive consist of other bytes. */
    give: (archive: string, bytes: Buffer) => void given.set(archive, bytes),
    /** Keep an archive's bytes back until they are released. */
    hold: (archive: string) => void held.set(archive, Promise.withResolvers()),
    release: (archive: string) => held.get(archive)?.resolve(),
    async close() {
      for (const { resolve } of held.values()) resolve()
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

/** A list's lines: archives of one page each. */
export function listArchives(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}-${i}.warc.gz`)
}

/** One with as many pages, each with a picture that lies in it as well: to be read as fast as this machine can. */
export function makeFullArchive(pages: number): Buffer {
  const records = [warcinfo()]
  for (let page = 0; page < pages; page++) {
    const { name, bytes } = PICTURES[page % PICTURES.length]!
    const url = `http://pictures.example/${page}.jpg`
    const html = `<html><body><img src="${url}" alt="a drawing of an ${name}, number ${page}"></body></html>`
    records.push(
      warcRecord(httpResponse(html), { 'WARC-Target-URI': `http://pages.example/${page}` }),
      warcRecord(httpResponse(bytes, { 'Content-Type': 'image/jpeg' }), { 'WARC-Target-URI': url }),
    )
  }
  return Buffer.concat(records)
}

function makeArchive(archive: string): Buffer {
  const tags = PICTURES.map(
    ({ name, host }, i) => `<img src="http://${host}/${archive}/${i}.jpg" alt="a drawing of an ${name}">`,
  )
  return gzipEach([
    warcinfo(),
    warcRecord(httpResponse(`<html><body>${tags.join('\n')}</body></html>`), {
      'WARC-Target-URI': `http://pages.example/${archive}`,
    }),
  ])
}
