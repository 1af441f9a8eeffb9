import { Agent, type Dispatcher } from 'undici'
import { CONNECT_TIMEOUT_MS } from '../../protocol/limits.ts'
import type { Web } from '../components.ts'
import { startConnector } from './connect.ts'
import { FailureError } from './failure.ts'
import { type Allowed, vetUrl } from './guard.ts'
import { readHosts } from './hosts.ts'
import { type Lookup, startLookup, systemLookup } from './resolve.ts'
import { startThrottle } from './throttle.ts'

export { describeError, type Failure, failure } from './failure.ts'
export { isUnlisted } from './resolve.ts'
export type { Throttled } from './throttle.ts'

export interface WebOptions {
  /**
   * `loopback`: loopback addresses, any port: for local campaigns and demos only. `anywhere`: whatever the system
   * can reach, for addresses that the owner of this machine named by hand.
   */
  allow?: Partial<Allowed>
  /**
   * host names that lead to given addresses, as curl's `--resolve` has it: `photos.example` or `photos.example:443`
   * → `127.0.0.1:8080`. Nothing else about the guard changes.
   */
  hosts?: Readonly<Record<string, string>>
  /** instead of asking the system's name servers */
  lookup?: Lookup
  /** PEM certificates trusted besides the usual ones */
  ca?: string
  /** milliseconds to a TCP and TLS connection */
  connectMs?: number
  /** most that is read of all answers together; null, the default, for no limit */
  bytesPerSecond?: number | null
}

/**
 * Open a way out to the web.
 *
 * @throws ShoalError `images_hosts` where a given host does not lead to an IP address
 */
export function openWeb(options: WebOptions = {}): Web {
  const allowed: Allowed = { loopback: false, ...options.allow }
  const throttle = startThrottle(options.bytesPerSecond ?? null)
  const agent = new Agent({
    connect: startConnector({
      allowed,
      lookup: options.lookup ?? (allowed.anywhere ? systemLookup : startLookup()),
      hosts: readHosts(options.hosts ?? {}),
      connectMs: options.connectMs ?? CONNECT_TIMEOUT_MS,
      ca: options.ca,
    }),
    pipelining: 1,
    keepAliveMaxTimeout: 10_000,
  })
  return {
    dispatcher: agent.compose(throttle.interceptor, guardWith(allowed)),
    judge: (address) => vetUrl(address, allowed),
    ...{ bytesPerSecond: throttle.bytesPerSecond, limit: throttle.limit },
    close: () => agent.destroy(),
  }
}

/** Whoever uses the dispatcher, and whatever follows redirects: each request is judged, and each connection again. */
function guardWith(allowed: Allowed): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (request, handler) => {
    // the origin alone is connected to; a path that begins with two slashes would pass for another host
    const vetted = vetUrl(String(request.origin), allowed)
    if (!(vetted instanceof URL)) throw new FailureError(vetted)
    return dispatch(request, handler)
  }
}
