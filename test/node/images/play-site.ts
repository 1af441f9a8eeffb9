import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type FetcherOptions, startFetcher } from '../../../node/images/fetch.ts'
import { FETCH_LIMITS, type FetchLimits } from '../../../node/images/http.ts'
import { POLITENESS, type Politeness } from '../../../node/images/politeness.ts'
import { openWeb, type WebOptions } from '../../../node/web/web.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Files by which a site opts out, besides robots.txt. */
const FILES = ['/.well-known/tdmrep.json', '/ai.txt', '/.well-known/ai.txt']

/** A site on a loopback port. `robots` is its robots.txt (none: 404), `files` others by path; requests are counted apart. */
export async function playSite(
  handler: Handler,
  options: { robots?: Handler; files?: Record<string, Handler>; key?: string; cert?: string } = {},
) {
  const asked: { method: string; path: string; at: number }[] = []
  const robotsAsked: number[] = []
  const filesAsked: string[] = []
  let connections = 0
  const answer: Handler = (request, response) => {
    response.on('error', () => {})
    if (request.url === '/robots.txt') {
      robotsAsked.push(performance.now())
      if (options.robots !== undefined) return options.robots(request, response)
      response.writeHead(404).end()
      return
    }
    if (FILES.includes(request.url ?? '')) {
      filesAsked.push(request.url ?? '')
      const file = options.files?.[request.url ?? '']
      if (file !== undefined) return file(request, response)
      response.writeHead(404).end()
      return
    }
    asked.push({ method: request.method ?? '', path: request.url ?? '', at: performance.now() })
    handler(request, response)
  }
  const server =
    options.key === undefined
      ? createServer(answer)
      : createSecureServer({ key: options.key, cert: options.cert ?? '' }, answer)
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    address: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    /** paths asked for, files that opt out aside, and when */
    asked,
    robotsAsked,
    filesAsked,
    connections: () => connections,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A fetcher that pauses little, and may open loopback addresses. Who tests what is late sets limits of its own. */
export function hurriedFetcher(
  options: Partial<Omit<FetcherOptions, 'limits' | 'politeness' | 'web'>> & {
    web?: WebOptions
    limits?: Partial<FetchLimits>
    politeness?: Partial<Politeness>
  } = {},
) {
  // names are never looked up beyond this machine
  const web = openWeb({
    allow: { loopback: true },
    connectMs: 20_000,
    lookup: async () => [],
    ...options.web,
  })
  const fetcher = startFetcher({
    userAgent: 'Shoal/0 (+https://shoal.example/contact)',
    now: Date.now,
    random: () => 0.5,
    ...options,
    web,
    limits: { ...FETCH_LIMITS, headersMs: 20_000, totalMs: 20_000, ...options.limits },
    politeness: { ...POLITENESS, hostGapMs: 0, backoffMs: 5, ...options.politeness },
  })
  return {
    ...fetcher,
    async close() {
      await fetcher.close()
      await web.close()
    },
  }
}

/** Run a test with sites and a fetcher that are closed whatever happens. */
export async function closing<T>(
  things: { close(): Promise<unknown> }[],
  test: () => Promise<T>,
): Promise<T> {
  try {
    return await test()
  } finally {
    for (const thing of things) await thing.close()
  }
}

export function body(result: { ok: boolean; image?: { bytes: Uint8Array } }): string {
  return result.image === undefined ? JSON.stringify(result) : Buffer.from(result.image.bytes).toString()
}

/** `outcome: detail` of a failure, or `ok`. */
export function ending(result: { ok: true } | { ok: false; outcome: string; detail: string }): string {
  return result.ok ? 'ok' : `${result.outcome}: ${result.detail}`
}
