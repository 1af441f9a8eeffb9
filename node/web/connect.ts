import { isIP, type LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import { buildConnector } from 'undici'
import { describeConnectError, FailureError } from './failure.ts'
import { type Allowed, isLocalhost, mayConnect, refused } from './guard.ts'
import type { Endpoint } from './hosts.ts'
import { type Lookup, noAddress } from './resolve.ts'

/** Milliseconds before the next of a host's addresses is tried as well (RFC 8305 proposes 250, short for far hosts). */
const NEXT_ADDRESS_MS = 1_000

/**
 * undici's way to a socket, narrowed: literal addresses are judged here, and looked-up ones in the very lookup
 * whose result is connected to, so that no second answer of a name server can slip in (DNS rebinding).
 *
 * @param hosts - by `name` or `name:port`: these alone are neither looked up nor judged
 * @param ca - PEM certificates trusted besides the usual ones
 */
export function startConnector(options: {
  allowed: Allowed
  lookup: Lookup
  hosts: ReadonlyMap<string, Endpoint>
  connectMs: number
  ca?: string | undefined
}): buildConnector.connector {
  const { allowed, lookup, hosts } = options
  const vettedLookup: LookupFunction = (hostname, { all }, done) => {
    vetAddresses(hostname, lookup, allowed).then(
      (found) => (all ? done(null, found) : done(null, found[0]!.address, found[0]!.family)),
      (error) => done(error, ''),
    )
  }
  const connector = buildConnector({
    timeout: options.connectMs,
    lookup: vettedLookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    allowH2: false,
    // said aloud, since the environment can turn verification off for the process
    rejectUnauthorized: true,
    ...(options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] }),
  })
  return (target, callback) => {
    const secure = target.protocol === 'https:'
    const { hostname } = target
    const done: buildConnector.Callback = (error, socket) =>
      error === null
        ? callback(null, socket)
        : callback(new FailureError(describeConnectError(error, secure), { cause: error }), null)
    const port = target.port || (secure ? '443' : '80')
    const mapped = hosts.get(`${hostname}:${port}`) ?? hosts.get(hostname)
    if (mapped !== undefined) {
      const name = secure ? { servername: target.servername ?? hostname } : {}
      connector({ ...target, ...name, hostname: mapped.address, port: String(mapped.port ?? port) }, done)
    } else if (isIP(hostname) !== 0 && !mayConnect(hostname, allowed)) {
      process.nextTick(done, new FailureError(refused(hostname)), null)
    } else {
      connector({ ...target, port }, done)
    }
  }
}

async function vetAddresses(hostname: string, lookup: Lookup, allowed: Allowed) {
  let addresses: string[]
  try {
    // RFC 6761: a name that no name server is to be asked for
    addresses = isLocalhost(hostname) ? ['127.0.0.1', '::1'] : await lookup(hostname)
  } catch (error) {
    if (error instanceof FailureError) throw error
    throw new FailureError(noAddress((error as { code?: string }).code ?? 'ENOTFOUND'), { cause: error })
  }
  const open = addresses.filter((address) => isIP(address) !== 0 && mayConnect(address, allowed))
  if (open.length > 0) return open.map((address) => ({ address, family: isIP(address) }))
  throw new FailureError(
    addresses.length === 0 ? noAddress('ENODATA') : { ...refused(addresses[0]!), blamesHost: true },
  )
}
