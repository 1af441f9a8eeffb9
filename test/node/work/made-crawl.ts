import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipEach, httpResponse, warcinfo, warcRecord } from '../crawl/make-warc.ts'

const FILES = new URL('../../../cli/demo/files/', import.meta.url)
/** drawings that any rule lets through */
const NAMES = readdirSync(FILES).filter((name) => /^(?:noto|circle-flags).*\.(?:jpg|png)$/.test(name))
const HOSTS = 30

/** A small crawl: where pictures are, and what is to be known about it. */
export interface MadeCrawl {
  warc: Buffer
  candidates: number
  /** the candidates that a request is made for */
  fetched: number
  archived: number
}

/**
 * Pages of eight pictures each: most on the web, one in the archive itself, one that is dead, and one that the page
 * before had with the same text.
 */
export function makeCrawl(pages: number): MadeCrawl {
  const records = [warcinfo()]
  let n = 0
  let before = ''
  const imageTag = (url: string, name: string) =>
    `<img src="${url}" alt="A drawing: ${name.replace(/\W+|_/g, ' ')}">`
  for (let page = 0; page < pages; page++) {
    const tags = [before]
    for (let i = 0; i < 6; i++, n++) {
      const name = NAMES[n % NAMES.length] as string
      before = imageTag(addressOf(n, i === 5 ? 'dead.jpg' : name), name)
      tags.push(before)
    }
    const name = NAMES[page % NAMES.length] as string
    const url = `http://archive.example/${page}/${name}`
    tags.push(imageTag(url, name))
    records.push(
      warcRecord(httpResponse(`<html><body>${tags.join('\n')}</body></html>`), {
        'WARC-Target-URI': `http://pages.example/${page}`,
      }),
      warcRecord(httpResponse(readFileSync(new URL(name, FILES)), { 'Content-Type': 'image/jpeg' }), {
        'WARC-Target-URI': url,
      }),
    )
  }
  return { warc: gzipEach(records), candidates: 8 * pages - 1, fetched: 6 * pages, archived: pages }
}

function addressOf(n: number, name: string): string {
  return `http://h${n % HOSTS}.example/${n}/${name}`
}

/** The web that the pictures are on. */
export async function playWeb() {
  const counts = new Map<string, number>()
  const server = createServer((request, response) => {
    const url = `http://${request.headers.host}${request.url}`
    const name = request.url?.split('/').at(-1) ?? ''
    if (['robots.txt', 'ai.txt', 'tdmrep.json'].includes(name)) return void response.writeHead(404).end()
    counts.set(url, (counts.get(url) ?? 0) + 1)
    if (!NAMES.includes(name)) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'image/jpeg' }).end(readFileSync(new URL(name, FILES)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const to = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    hosts: Object.fromEntries(Array.from({ length: HOSTS }, (_, i) => [`h${i}.example`, to])),
    /** how often each address was asked for */
    requests: (): ReadonlyMap<string, number> => new Map(counts),
    forget: () => counts.clear(),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
