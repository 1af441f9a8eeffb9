import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'

/** Addresses that are remembered; who comes after so many others begins anew. */
const MAX_ADDRESSES = 20_000
/** Bits of an IPv6 address that one customer has: the rest are theirs to choose. */
const NETWORK_BITS = 64

/** Counts what each address asks for. @returns a function that says whether it may ask once more */
export function makeLimiter(most: number, withinMs: number): (address: string) => boolean {
  const counts = new LRUCache<string, { count: number }>({ max: MAX_ADDRESSES, ttl: withinMs })
  return (address) => {
    const name = networkOf(address)
    const known = counts.get(name)
    if (!known) counts.set(name, { count: 1 })
    else if (++known.count > most) return false
    return true
  }
}

function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return parsed
    .toByteArray()
    .slice(0, NETWORK_BITS / 8)
    .join('.')
}
