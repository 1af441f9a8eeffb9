import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { WEB_PORTS } from '../../protocol/limits.ts'
import { type Failure, failure } from './failure.ts'

/** What a node may open beyond the public web. */
export interface Allowed {
  /** loopback addresses, with any port: for local campaigns and demos */
  loopback: boolean
  /** all that the system can reach: for what the owner of this machine asks for by hand */
  anywhere?: boolean
}

/**
 * Judge an address before anything is sent. Host names pass: their addresses are judged by {@link mayConnect}
 * once they are looked up. `new URL` turns decimal, octal, hexadecimal and full-width forms of an IPv4 address
 * into the ordinary one (WHATWG URL, host parsing), so that literals have one form here.
 */
export function vetUrl(address: string | URL, allowed: Allowed): URL | Failure {
  const url = URL.parse(String(address))
  if (url === null) return refused('not an address')
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return refused(`scheme ${url.protocol.slice(0, -1)}`)
  if (allowed.anywhere) return url
  if (url.username !== '' || url.password !== '') return refused('credentials')
  const host = bareHost(url)
  if (isIP(host) !== 0 && !mayConnect(host, allowed)) return refused(host)
  if (!WEB_PORTS.includes(portOf(url)) && !(allowed.loopback && namesLoopback(host))) {
    return refused(`port ${portOf(url)}`)
  }
  return url
}

/**
 * Whether an IP address is one of the public web's, or a loopback address where those are allowed.
 * Of IPv6 only 2000::/3 is given out as global unicast (IANA's registry); `::/96` would smuggle IPv4 addresses.
 */
export function mayConnect(ip: string, allowed: Allowed): boolean {
  if (allowed.anywhere) return true
  const address = ipaddr.process(ip)
  const range = address.range()
  if (range === 'loopback') return allowed.loopback
  if (range !== 'unicast') return false
  return address.kind() === 'ipv4' || (address.toByteArray()[0]! & 0xe0) === 0x20
}

/** The host without an IPv6 literal's brackets. */
function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
}

/** `localhost` and the names below it are the loopback interface's (RFC 6761, 6.3) and are never looked up. */
export function isLocalhost(host: string): boolean {
  return /(^|\.)localhost\.?$/i.test(host)
}

export function refused(what: string): Failure {
  return failure('address_refused', what, { connected: false })
}

function namesLoopback(host: string): boolean {
  return isIP(host) === 0 ? isLocalhost(host) : ipaddr.process(host).range() === 'loopback'
}
