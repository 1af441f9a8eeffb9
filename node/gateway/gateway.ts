import type { AddressInfo, Socket } from 'node:net'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { ShoalError } from '../../protocol/errors.ts'
import type { Log } from '../log.ts'
import type { Blocks } from '../store/store.ts'
import { answer } from './answer.ts'
import { addPages, type People } from './pages/pages.ts'

export interface GatewayOptions {
  blocks: Blocks
  /** `port` 0: any that is free */
  listen: { host: string; port: number /** where the port is taken, any that is free */; orAny?: boolean }
  /** for people who run no node; absent: blocks alone */
  people?: People | undefined
  log: Log
}

export interface Gateway {
  /** `http://127.0.0.1:4180` */
  readonly address: string
  /** bytes that left by it, since the start */
  served(): number
  /** Answers that are under way are broken off. */
  close(): Promise<void>
}

/** Connections at once: each may hold a block or two in memory. */
const MAX_CONNECTIONS = 256
/** Answers at once; a block of 2 MiB each, in three places, is 400 MB. */
const MAX_ANSWERS = 64
/** Milliseconds to send a request's headers. */
const REQUEST_MS = 10_000
/** Milliseconds without a byte on a connection, in either direction. */
const IDLE_MS = 60_000
/** Milliseconds that an idle connection is kept for the next request. */
const KEEP_ALIVE_MS = 30_000
/** Bytes of a request's headers, its address among them. */
const MAX_HEADER_BYTES = 16 * 1024

/** What each failure is in HTTP; of others the server is at fault. */
const STATUS: Readonly<Record<string, number>> = {
  ...{ cid_invalid: 400, cid_unsupported: 400, path_invalid: 400, scope_invalid: 400, range_invalid: 400 },
  ...{ format_missing: 400, format_unknown: 400, car_variant: 406, service_worker: 400, range_outside: 400 },
  ...{ path_unknown: 404, block_missing: 404, block_hash: 404, block_uncached: 412 },
  block_denied: 410,
}

const UNTOLD = ['unexpected', 'this can not be read here'] as const

/**
 * Start a trustless gateway: verifiable blocks and CAR files over HTTP, to whoever reaches the address, of what is here
 * alone. It never asks the network for anything. With `people` it has pages beside them, to look up what was collected
 * and to have it removed; for a proof these ask what is public.
 *
 * @throws ShoalError `gateway_listen`
 */
export async function startGateway({ blocks, listen, people, log }: GatewayOptions): Promise<Gateway> {
  let answers = 0
  const app = fastify({
    ...{ logger: false, exposeHeadRoutes: false, forceCloseConnections: true, bodyLimit: 1024 },
    ...{ requestTimeout: REQUEST_MS, connectionTimeout: IDLE_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    // a proxy on this machine says who asks, and by which name
    trustProxy: 'loopback',
    frameworkErrors: (_error, request, reply) => {
      setCors(reply)
      fail(new ShoalError('path_invalid', 'this address can not be read'), request, reply as FastifyReply)
    },
  })
  app.server.maxConnections = MAX_CONNECTIONS
  const sockets = new Set<Socket>()
  let served = 0
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      served += socket.bytesWritten
    })
  })
  app.addHook('onRequest', async (_request, reply) => setCors(reply))
  app.setErrorHandler((error, request, reply) => fail(error as Error, request, reply))
  app.setNotFoundHandler((request, reply) => {
    if (!request.url.startsWith('/ipfs/') || request.method === 'GET' || request.method === 'HEAD')
      return tell(
        reply,
        404,
        'path_unknown',
        'this is a trustless gateway: ask for /ipfs/CID?format=raw or car',
      )
    reply.header('allow', 'GET, HEAD, OPTIONS')
    return tell(reply, 405, 'method_unknown', 'ask with GET or HEAD')
  })
  app.options('/ipfs/*', (_request, reply) => reply.code(204).send())
  app.route({
    method: ['GET', 'HEAD'],
    url: '/ipfs/*',
    async handler(request, reply) {
      if (answers >= MAX_ANSWERS) {
        reply.header('retry-after', '1')
        return tell(reply, 503, 'busy', 'too many answers are under way: ask again in a second')
      }
      answers++
      reply.raw.once('close', () => answers--)
      await answer(blocks, request, reply)
      return reply
    },
  })

  if (people) await addPages(app, people, log)

  function fail(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    const { code = '' } = error as ShoalError
    const status =
      reply.statusCode === 416 ? 416 : (STATUS[code] ?? (error as { statusCode?: number }).statusCode ?? 500)
    if (status >= 500)
      log.error({ code, message: error.message, url: request.url.slice(0, 200) }, 'the gateway failed')
    for (const name of ['content-length', 'content-disposition', 'etag', 'content-location', 'accept-ranges'])
      reply.removeHeader(name)
    // a removal may be taken back
    if ([400, 410, 416].includes(status)) reply.header('cache-control', 'no-store')
    else reply.removeHeader('cache-control')
    tell(reply, status, ...(status >= 500 ? UNTOLD : ([code, error.message] as const)))
  }

  function tell(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
    return reply.code(status).type('text/plain; charset=utf-8').send(`${code}: ${message}\n`)
  }

  const { host, port, orAny = false } = listen
  const bind = (to: number) => app.listen({ host, port: to })
  try {
    await bind(port).catch((error: NodeJS.ErrnoException) => {
      if (orAny && error.code === 'EADDRINUSE') return bind(0)
      throw error
    })
  } catch (cause) {
    await app.close()
    throw new ShoalError(
      'gateway_listen',
      `the gateway can't listen at ${host}:${port} (${(cause as Error).message}): name another place with --gateway, or none`,
      { cause },
    )
  }
  const { address, port: bound } = app.server.address() as AddressInfo
  const name = address.includes(':') ? `[${address}]` : address
  return {
    address: `http://${name}:${bound}`,
    served: () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, served),
    close: () => app.close(),
  }
}

/** What is here is for everybody, so for every page as well: https://fetch.spec.whatwg.org/#http-cors-protocol */
function setCors(reply: { headers(values: Record<string, string>): unknown }): void {
  reply.headers({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, OPTIONS',
    'access-control-allow-headers':
      'Content-Type, Range, User-Agent, X-Requested-With, If-None-Match, Cache-Control',
    'access-control-expose-headers':
      'Content-Length, Content-Range, Content-Location, ETag, X-Ipfs-Path, X-Ipfs-Roots',
  })
}
