import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** What stands before a raw key in its SubjectPublicKeyInfo (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
/** Keys kept ready: those of the peers that are heard in one hour of a large campaign. */
const MAX_KEYS = 10_000
const keys = new LRUCache<string, KeyObject>({ max: MAX_KEYS })

/**
 * Ed25519 (RFC 8032) by raw key and signature, on libuv's threads, so that no flood of records keeps the event loop
 * from its work. False, never an error, for what is no key or no signature.
 */
export function verifyInPool(key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      verify(null, message, keyOf(key), signature, (error, holds) => resolve(error === null && holds))
    } catch {
      resolve(false)
    }
  })
}

function keyOf(raw: Uint8Array): KeyObject {
  const name = Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1')
  const known = keys.get(name)
  if (known) return known
  const key = createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' })
  keys.set(name, key)
  return key
}
