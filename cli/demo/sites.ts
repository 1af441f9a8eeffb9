import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

/**
 * What a made-up server answers to one address; written to `sites.json` by `scripts/make-demo-crawl.ts`.
 * Without `file`, `body` or `generate` the body is empty.
 */
export interface Answer {
  status?: number
  headers?: [string, string][]
  /** name of a file in `files/` */
  file?: string
  body?: string
  /** in place of a body: these bytes of the demo's archive, from the first to before the second */
  archive?: [start: number, end: number]
  /** bodies too large or too strange to be stored */
  generate?: 'large' | 'large-chunked' | 'gzip-bomb' | 'endless' | 'silent' | 'broken-off'
  /** milliseconds before the headers */
  delayMs?: number
  /** answers to the first requests, one each; afterwards the answer itself */
  first?: Answer[]
}

export interface Sites {
  /** of the web server, on 127.0.0.1 */
  port: number
  /** every host name with a server, or with none that works, to `127.0.0.1:port`; other names are not to resolve */
  hosts: Record<string, string>
  /** the crawl, as a campaign's files: the demo's archive cut between pages, each piece a WARC of its own */
  archives: string[]
  /** what was asked so far, and how often; robots.txt included */
  requests(): { host: string; path: string; count: number }[]
  close(): Promise<void>
}

/** Who keeps the crawl. */
const ARCHIVES = 'crawl.example'
/** A name whose server has no certificate for it, and one where nothing listens: port 1 is nobody's today. */
const WITHOUT_CERTIFICATE = 'secure.example'
const CLOSED = 'closed.example'
const CLOSED_PORT = 1

const LARGE_BYTES = 11 * 1024 * 1024
/** A gzip file may have many members (RFC 1952, 2.2): a hundred of these are 100 KB that inflate to 100 MB. */
const BOMB_MEMBER_BYTES = 1024 * 1024
const BOMB_MEMBERS = 100
const CHUNK = Buffer.alloc(64 * 1024, 0xff)
/** A JPEG's first bytes, so that only the length is wrong. */
const JPEG_START = Buffer.from([0xff, 0xd8, 0xff, 0xe0])
/** Milliseconds between the bytes of a body that never ends: short enough for every idle time-out. */
const DRIP_MS = 200
/** A TLS record (RFC 8446, 6): fatal alert `unrecognized_name`, the answer of a server that has no such site. */
const UNRECOGNIZED_NAME = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x70])

/**
 * Play the web servers of the demo's made-up sites, on loopback ports that the system chooses.
 *
 * @throws what `listen` or reading the demo's files throws
 */
export async function startSites(): Promise<Sites> {
  const sites = JSON.parse(readFileSync(new URL('sites.json', import.meta.url), 'utf8')) as Record<
    string,
    Record<string, Answer>
  >
  const counts = new Map<string, number>()
  const stop = new AbortController()

  const web = createServer((request, response) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '')
    const key = `${host} ${request.url}`
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    const answer = sites[host]?.[request.url ?? ''] ?? { status: 404 }
    play(answer.first?.[count - 1] ?? answer, request, response, stop.signal).catch(() => response.destroy())
  })
  const tls = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => socket.end(UNRECOGNIZED_NAME))
  })
  const servers = [web, tls]
  for (const server of servers) server.listen(0, '127.0.0.1')
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const { port } = web.address() as AddressInfo
  const { port: tlsPort } = tls.address() as AddressInfo

  return {
    port,
    archives: Object.entries(sites[ARCHIVES] ?? {})
      .filter(([, answer]) => answer.archive)
      .map(([path]) => `http://${ARCHIVES}${path}`),
    hosts: {
      ...Object.fromEntries(Object.keys(sites).map((host) => [host, `127.0.0.1:${port}`])),
      [WITHOUT_CERTIFICATE]: `127.0.0.1:${tlsPort}`,
      [CLOSED]: `127.0.0.1:${CLOSED_PORT}`,
    },
    requests: () =>
      [...counts].map(([key, count]) => {
        const [host = '', path = ''] = key.split(' ')
        return { host, path, count }
      }),
    async close() {
      stop.abort()
      web.closeAllConnections()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

async function play(
  answer: Answer,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  if (answer.generate === 'silent') return
  if (answer.delayMs !== undefined) await sleep(answer.delayMs, undefined, { signal })
  response.statusCode = answer.status ?? 200
  for (const [name, value] of answer.headers ?? []) response.appendHeader(name, value)
  if (answer.generate !== undefined) return await generate(answer.generate, response, signal)
  if (answer.archive !== undefined) return sendPart(answer.archive, request, response)
  if (answer.file !== undefined && !response.hasHeader('Content-Type')) {
    response.setHeader('Content-Type', typeOf(answer.file))
  }
  const stored = answer.file === undefined ? Buffer.from(answer.body ?? '') : readDemoFile(answer.file)
  const body = response.getHeader('Content-Encoding') === 'gzip' ? gzipSync(stored) : stored
  response.setHeader('Content-Length', body.length)
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** As servers of archives answer: a Range of the file, where one is asked for (RFC 9110, 14). */
function sendPart([from, to]: [number, number], request: IncomingMessage, response: ServerResponse): void {
  const piece = readFileSync(new URL('demo.warc.gz', import.meta.url)).subarray(from, to)
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const start = Number(range?.[1] ?? 0)
  const end = Math.min(piece.length, range?.[2] ? Number(range[2]) + 1 : piece.length)
  response.setHeader('Content-Type', 'application/gzip')
  response.setHeader('Accept-Ranges', 'bytes')
  if (range) {
    response.statusCode = start < end ? 206 : 416
    response.setHeader('Content-Range', `bytes ${start < end ? `${start}-${end - 1}` : '*'}/${piece.length}`)
  }
  const body = piece.subarray(start, end)
  response.setHeader('Content-Length', body.length)
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** Bodies that no file holds. */
async function generate(
  kind: NonNullable<Answer['generate']>,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  response.setHeader('Content-Type', 'image/jpeg')
  if (kind === 'gzip-bomb') {
    response.setHeader('Content-Encoding', 'gzip')
    const member = gzipSync(Buffer.alloc(BOMB_MEMBER_BYTES))
    response.end(Buffer.concat(Array.from({ length: BOMB_MEMBERS }, () => member)))
  } else if (kind === 'broken-off') {
    response.setHeader('Content-Length', 2 * CHUNK.length)
    response.write(Buffer.concat([JPEG_START, CHUNK]), () => response.destroy())
  } else {
    if (kind === 'large') response.setHeader('Content-Length', LARGE_BYTES)
    await pipeline(Readable.from(kind === 'endless' ? drip(signal) : pour()), response, { signal })
  }
}

async function* drip(signal: AbortSignal): AsyncGenerator<Buffer> {
  yield JPEG_START
  for (;;) {
    await sleep(DRIP_MS, undefined, { signal })
    yield CHUNK.subarray(0, 1)
  }
}

function* pour(): Generator<Buffer> {
  yield JPEG_START
  let left = LARGE_BYTES - JPEG_START.length
  for (; left > CHUNK.length; left -= CHUNK.length) yield CHUNK
  yield CHUNK.subarray(0, left)
}

function readDemoFile(name: string): Buffer {
  return readFileSync(new URL(`files/${name}`, import.meta.url))
}

const TYPES: Record<string, string> = { jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp' }

function typeOf(file: string): string {
  return TYPES[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream'
}
