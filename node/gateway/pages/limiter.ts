import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'

/** Addresses that are remembered; who comes after so many others begins anew. */
const MAX_ADDRESSES = 20_000
/** Bits of an IPv6 address that one customer has: the rest are theirs to choose. */
const NETWORK_BITS = 64

/** Counts what each address asks for. @returns a function that says whether it may ask for so much more */
export function makeLimiter(most: number, withinMs: number): (address: string, count?: number) => boolean {
  const counts = new LRUCache<string, { count: number }>({ max: MAX_ADDRESSES, ttl: withinMs })
  return (address, count = 1) => {
    const name = networkOf(address)
    const known = counts.get(name) ?? { count: 0 }
    if (known.count === 0) counts.set(name, known)
    known.count += count
    return known.count <= most
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
