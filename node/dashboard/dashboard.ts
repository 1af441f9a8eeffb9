import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { ShoalError } from '../../protocol/errors.ts'
import type { Daemon } from '../daemon/daemon.ts'
import { removeKey, writeKey } from '../dashboard-key.ts'
import type { Log } from '../log.ts'
import { type AnswerOptions, addAnswers } from './answers.ts'
import { startEvents } from './events.ts'
import { checkSource, checkToken, HEADERS } from './guard.ts'
import { readPageFiles } from './page-files.ts'

export interface DashboardOptions extends AnswerOptions {
  /** whose `control/dashboard` tells its owner where the dashboard is */
  dataDir: string
  /** `host`: of this machine alone. `port` 0: any that is free */
  listen: { host: string; port: number /** where the port is taken, any that is free */; orAny?: boolean }
  log: Log
}

export type { LimitChanges } from './change-limits.ts'

export interface Dashboard {
  /** `http://127.0.0.1:4181` */
  readonly address: string
  /** what a request bears that changes anything; another one at each start */
  readonly token: string
  /** Whoever listens is told; answers that are under way are broken off. */
  close(): Promise<void>
}

/** A name that may lead elsewhere is no address of this machine. */
const HOSTS: Readonly<Record<string, string>> = {
  '127.0.0.1': '127.0.0.1',
  localhost: '127.0.0.1',
  '::1': '::1',
}
/** Connections at once: some windows with half a dozen each. */
const MAX_CONNECTIONS = 128
/** Milliseconds to send a request. */
const REQUEST_MS = 10_000
/** Milliseconds without a byte on a connection, in either direction: the first search waits for the index. */
const IDLE_MS = 600_000
const KEEP_ALIVE_MS = 30_000
/** Bytes of a request's headers, its address among them. */
const MAX_HEADER_BYTES = 16 * 1024
/** Bytes of what is sent to change something. */
const MAX_BODY_BYTES = 4 * 1024
const TOKEN_BYTES = 32

/** What each failure is in HTTP; other codes of Shoal's are the asker's fault, all else is this node's. */
const STATUS: Readonly<Record<string, number>> = {
  ...{ dashboard_host: 403, dashboard_origin: 403, dashboard_token: 401, dashboard_full: 503 },
  ...{ dashboard_busy: 503, dashboard_path: 404, campaign_unknown: 404, sample_unknown: 404 },
}

/**
 * Serve a daemon's dashboard to browsers on this machine: a page, what it shows as JSON, and server-sent events. What it shows
 * is for whoever uses this machine; to change anything takes the token.
 *
 * @throws ShoalError `dashboard_address`, `dashboard_listen`
 */
export async function serveDashboard(daemon: Daemon, options: DashboardOptions): Promise<Dashboard> {
  const { dataDir, listen, log } = options
  const host = HOSTS[listen.host.toLowerCase()]
  if (host === undefined)
    throw new ShoalError(
      'dashboard_address',
      `the dashboard can't be at ${listen.host}: it is for this machine alone, as 127.0.0.1:${listen.port}; from elsewhere use ssh -L`,
    )
  const token = randomBytes(TOKEN_BYTES).toString('hex')
  const files = await readPageFiles()
  const app = fastify({
    ...{ logger: false, forceCloseConnections: true, bodyLimit: MAX_BODY_BYTES },
    ...{ requestTimeout: REQUEST_MS, connectionTimeout: IDLE_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    frameworkErrors: (_error, request, reply) =>
      fail(unknownPath(), request, (reply as FastifyReply).headers(HEADERS)),
  })
  app.server.maxConnections = MAX_CONNECTIONS
  const port = () => (app.server.address() as AddressInfo).port

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? {} : JSON.parse(body as string))
    } catch {
      done(new ShoalError('dashboard_body', 'this is no JSON'))
    }
  })
  app.addHook('onRequest', async ({ headers, method, url }, reply) => {
    reply.headers(HEADERS)
    checkSource(headers, port(), files.has(url.split('?')[0]!))
    if (method !== 'GET' && method !== 'HEAD') checkToken(headers, token)
  })
  app.setErrorHandler((error, request, reply) => fail(error as Error, request, reply))
  app.setNotFoundHandler(() => {
    throw unknownPath()
  })
  for (const [url, { type, etag, bytes }] of files)
    app.get(url, (request, reply) => {
      reply.headers({ etag, 'cache-control': 'no-cache' })
      return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.type(type).send(bytes)
    })
  const events = startEvents(daemon.pulse, (error) =>
    log.warn({ code: (error as ShoalError).code }, 'the dashboard was not told how the node is getting on'),
  )
  app.get('/events', { exposeHeadRoute: false }, (_request, reply) => {
    events.add(reply.raw, HEADERS)
    reply.hijack()
  })
  addAnswers(app, daemon, options)

  function fail(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { code = 'unexpected', statusCode } = error as ShoalError & { statusCode?: number }
    const isOurs = error instanceof ShoalError
    const status = STATUS[code] ?? (isOurs ? 400 : (statusCode ?? 500))
    if (status >= 500 && !isOurs)
      log.error({ code, message: error.message, path: request.routeOptions.url }, 'the dashboard failed')
    if (status === 401) reply.header('www-authenticate', 'Bearer')
    const message = isOurs || status < 500 ? error.message : 'this node is at fault: look into its log'
    return reply.code(status).send({ error: { code: status === 500 ? 'unexpected' : code, message } })
  }

  const bind = (to: number) => app.listen({ host, port: to })
  try {
    await bind(listen.port).catch((error: NodeJS.ErrnoException) => {
      if (listen.orAny && error.code === 'EADDRINUSE') return bind(0)
      throw error
    })
    const address = `http://${host.includes(':') ? `[${host}]` : host}:${port()}`
    await writeKey(dataDir, { address, token })
    void daemon.ended.catch(() => {}).then(events.end)
    return {
      ...{ address, token },
      async close() {
        events.end()
        await app.close()
        await removeKey(dataDir)
      },
    }
  } catch (cause) {
    await app.close()
    throw new ShoalError(
      'dashboard_listen',
      `the dashboard can't be at ${host}:${listen.port} (${(cause as Error).message}): name another place with --dashboard, or none`,
      { cause },
    )
  }
}

function unknownPath(): ShoalError {
  return new ShoalError('dashboard_path', 'nothing is here: the dashboard is at /')
}
