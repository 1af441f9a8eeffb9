import { lookup, Resolver } from 'node:dns/promises'
import { type Failure, FailureError, failure } from './failure.ts'

/** Host name to IP addresses; an empty answer and an error both mean that there are none. */
export type Lookup = (hostname: string) => Promise<string[]>

/**
 * Top-level names that no public name server knows (RFC 6761, 6762, 7686, 8375 and ICANN's `.internal`):
 * asking for them would only tell others what a page says of its author's own network.
 */
const UNLISTED = /(^|\.)(example|home\.arpa|internal|invalid|local|onion|test)\.?$/i

/** Whether a host's name is one that no public name server is to be asked for. */
export function isUnlisted(hostname: string): boolean {
  return UNLISTED.test(hostname)
}

/** Milliseconds for a name server's first answer; doubled once, so that both tries fit into the 5 s to connect. */
const FIRST_ANSWER_MS = 1_500
/** Errors that say that the name has no address; others may pass. */
const FINAL = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME', 'EBADQUERY', 'EFORMERR'])

/**
 * Asks the system's name servers directly. `dns.lookup` would hold one of libuv's four threads for every slow
 * server, and pictures are decoded on the same threads.
 */
export function startLookup(): Lookup {
  const resolver = new Resolver({ timeout: FIRST_ANSWER_MS, tries: 2 })
  return async (hostname) => {
    if (isUnlisted(hostname)) throw unresolved('ENOTFOUND')
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    if (addresses.length > 0) return addresses
    const codes = answers.map((answer) => (answer.status === 'rejected' ? answer.reason?.code : 'ENODATA'))
    throw unresolved(codes.find((code) => !FINAL.has(code)) ?? codes[0])
  }
}

/** As any program of this machine finds a host: its own files and networks included. */
export async function systemLookup(hostname: string): Promise<string[]> {
  const found = await lookup(hostname, { all: true })
  return found.map(({ address }) => address)
}

function unresolved(code: string): FailureError {
  return new FailureError(noAddress(code))
}

/** @param code - of Node's DNS errors */
export function noAddress(code: string): Failure {
  return failure('fetch_dns', code, { connected: false, blamesHost: true, retry: !FINAL.has(code) })
}
