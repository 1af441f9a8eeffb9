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
  /** pictures that were sent → when */
  const sent = new Map<string, number>()
  const held = new Map<string, PromiseWithResolvers<void>>()
  const pace = { stepMs: 0 }
  const server = createServer(async ({ headers: { host, range }, url }, response) => {
    const [, archive, i] = /^\/([\w-]+)(?:\.warc\.gz|\/(\d)\.jpg)$/.exec(url ?? '') ?? []
    if (archive === undefined) return void response.writeHead(404).end()
    const count = (what: string) => asked.set(what, (asked.get(what) ?? 0) + 1)
    if (host === ARCHIVES) {
      const bytes = makeArchive(archive)
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
    response.on('finish', () => sent.set(name, performance.now()))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const to = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    base: `http://${ARCHIVES}/`,
    hosts: Object.fromEntries([ARCHIVES, ...PICTURES.map(({ host }) => host)].map((host) => [host, to])),
    /** milliseconds from one of a segment's four pictures to the next */
    pace,
    /** how often an archive was opened (`three-0`), or a picture asked for (`three-0/3`) */
    timesAsked: (what: string): number => asked.get(what) ?? 0,
    /** pictures of an archive that had been sent at a time of `performance.now()` */
    sentBefore: (archive: string, time: number): string[] =>
      [...sent].filter(([name, at]) => name.startsWith(`${archive}/`) && at < time).map(([name]) => name),
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
