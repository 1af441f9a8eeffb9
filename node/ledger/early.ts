import { LRUCache } from 'lru-cache'
import type { How } from './intake.ts'
import { nameOfDigest } from './record-id.ts'

/** A record that came before the one that it is on. */
interface Early {
  bytes: Uint8Array
  how: How
  place: string
}

/**
 * Keeps records that came too early until what they are on comes, by the name of its place.
 *
 * @param maxBytes - of all records
 * @param maxEach - records that wait for one place
 */
export function keepEarly({ maxBytes, maxEach }: { maxBytes: number; maxEach: number }) {
  const byPlace = new Map<string, Set<string>>()
  const early = new LRUCache<string, Early>({
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => bytes.length,
    dispose: ({ place }, name) => {
      const names = byPlace.get(place)
      names?.delete(name)
      if (names?.size === 0) byPlace.delete(place)
    },
  })

  return {
    has: (digest: Uint8Array): boolean => early.has(nameOfDigest(digest)),

    /** Keep a record, if there is room. */
    wait(place: string, digest: Uint8Array, bytes: Uint8Array, how: How): void {
      const name = nameOfDigest(digest)
      const names = byPlace.get(place) ?? new Set()
      if (names.size >= maxEach) return
      early.set(name, { bytes, how, place })
      byPlace.set(place, names.add(name))
    },

    /** @returns what has waited for a place, which is forgotten here */
    release(place: string): Early[] {
      const names = byPlace.get(place) ?? []
      return [...names].map((name) => {
        const one = early.get(name)!
        early.delete(name)
        return one
      })
    },
  }
}
