import type { Outcome } from '../../protocol/outcomes.ts'

/** Why one request, or a whole fetch, came to nothing. */
export interface Failure {
  ok: false
  outcome: Outcome
  /** short, for the record: `404`, `ECONNRESET`, `port 22` */
  detail: string
  /** false where not even a connection (with TLS) came about */
  connected: boolean
  /** whether the same request may succeed a little later */
  retry: boolean
  /** whether it speaks against the host as a whole, not only against this address on it */
  blamesHost: boolean
  /** milliseconds the server asked us to wait */
  retryAfterMs?: number
  /** the status by which a host says that it wants less from us: Too Many Requests, or Service Unavailable */
  busy?: 429 | 503
}

export function failure(outcome: Outcome, detail: string, about: Partial<Failure> = {}): Failure {
  return { ok: false, outcome, detail, connected: true, retry: false, blamesHost: false, ...about }
}

/** Carries a failure through code that can only throw: DNS lookups and connections inside undici. */
export class FailureError extends Error {
  readonly failure: Failure
  constructor(failure: Failure, options?: ErrorOptions) {
    super(`${failure.outcome}: ${failure.detail}`, options)
    this.failure = failure
  }
}

/** Codes by which a connection that stood breaks off; the next one may hold. */
const BROKEN = new Set([
  ...['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'],
  ...['UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
])
const SLOW = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** What an error of undici, of zlib or of the network says about a request whose connection was tried. */
export function describeError(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure
  const code = errorCode(error)
  if (SLOW.has(code)) return failure('fetch_timeout', code, { retry: true, blamesHost: true })
  if (BROKEN.has(code)) return failure('fetch_connect', code, { retry: true })
  if (/^(Z_|ERR_BROTLI|ERR__ERROR|ERR_PADDING)/.test(code))
    return failure('image_broken', `content-encoding: ${code}`)
  return failure('fetch_connect', code)
}

/** Codes of a connection that fails below TLS; whatever else stops an https connection is the certificate's fault. */
const NETWORK = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN'],
  ...['ETIMEDOUT', 'EPIPE', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'EINVAL', 'ENOBUFS'],
  ...['EAFNOSUPPORT', 'UND_ERR_CONNECT_TIMEOUT'],
])

/** What an error before the connection stood says. */
export function describeConnectError(error: unknown, secure: boolean): Failure {
  if (error instanceof FailureError) return error.failure
  const code = errorCode(error)
  return secure && !NETWORK.has(code)
    ? failure('fetch_tls', code, { connected: false, blamesHost: true })
    : failure('fetch_connect', code, { connected: false, blamesHost: true, retry: true })
}

function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : String((error as Error)?.message ?? error).slice(0, 100)
}
