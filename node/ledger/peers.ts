import { randomInt } from 'node:crypto'
import { KEY_BYTES } from '../../protocol/limits.ts'
import { makeRowTable, mixHash } from './row-table.ts'

export type Peers = ReturnType<typeof makePeers>

/** Numbers for peers, from 0 in the order they are met: rows name a peer by four bytes instead of its key. */
export function makePeers() {
  const seed = randomInt(2 ** 32)
  let keys = Buffer.alloc(64 * KEY_BYTES)
  let count = 0
  const table = makeRowTable((peer) => hashOf(keyOf(peer)))

  const keyOf = (peer: number): Uint8Array => keys.subarray(peer * KEY_BYTES, (peer + 1) * KEY_BYTES)

  function hashOf(key: Uint8Array): number {
    let hash = seed
    for (let i = 0; i < KEY_BYTES; i += 4)
      hash = mixHash(hash, key[i]! | (key[i + 1]! << 8) | (key[i + 2]! << 16) | (key[i + 3]! << 24))
    return hash
  }

  return {
    /** a copy */
    keyOf: (peer: number): Uint8Array => new Uint8Array(keyOf(peer)),

    /** All keys one after the other, a copy. */
    keys: (): Uint8Array => new Uint8Array(keys.subarray(0, count * KEY_BYTES)),

    /** @returns -1 for one that is not known */
    find: (key: Uint8Array): number =>
      table.find(
        hashOf(key),
        (peer) => keys.compare(key, 0, KEY_BYTES, peer * KEY_BYTES, (peer + 1) * KEY_BYTES) === 0,
      ),

    add(key: Uint8Array): number {
      if (count * KEY_BYTES === keys.length) keys = Buffer.concat([keys, Buffer.alloc(keys.length)])
      keys.set(key, count * KEY_BYTES)
      table.add(count)
      return count++
    },
  }
}
