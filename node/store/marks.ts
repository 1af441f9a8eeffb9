/** Bytes kept of a multihash: two that agree in these would have to be looked for 2^64 times. */
const KEY_BYTES = 16
const KEY_WORDS = KEY_BYTES / 4
const FIRST_SLOTS = 1024
/** Part of the slots that may be taken before there are twice as many. */
const MOST_TAKEN = 0.75

/** A set of blocks, of a million in 32 MiB. */
export interface Marks {
  /** @param tag - from 0 to 255: marks of different tags are apart. @returns whether it was not there before */
  add(multihash: Uint8Array, tag?: number): boolean
  has(multihash: Uint8Array, tag?: number): boolean
  readonly size: number
}

/** Open addressing over one typed array: a Set of strings takes five times as much, and the collector's time. */
export function makeMarks(): Marks {
  let slots = FIRST_SLOTS
  let words = new Uint32Array(slots * KEY_WORDS)
  let size = 0
  const key = new Uint32Array(KEY_WORDS)
  const keyBytes = new Uint8Array(key.buffer)

  function read(multihash: Uint8Array, tag: number): void {
    keyBytes.fill(0)
    // the digest's end: what comes before it says how it was made, and is the same in all
    keyBytes.set(multihash.subarray(-KEY_BYTES))
    keyBytes[0] = keyBytes[0]! ^ tag
    // all zeros is a slot that nobody has taken
    if (key.every((word) => word === 0)) key[KEY_WORDS - 1] = 1
  }

  /** The place of `key`, or the free one where it belongs. */
  function findSlot(): number {
    // the last word, since the tag is in the first
    for (let slot = key[KEY_WORDS - 1]! & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = slot * KEY_WORDS
      const isFree = (words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]!) === 0
      const isSame =
        words[at] === key[0] &&
        words[at + 1] === key[1] &&
        words[at + 2] === key[2] &&
        words[at + 3] === key[3]
      if (isFree || isSame) return at
    }
  }

  const isTaken = (at: number) => (words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]!) !== 0

  function grow(): void {
    const old = words
    slots *= 2
    words = new Uint32Array(slots * KEY_WORDS)
    for (let at = 0; at < old.length; at += KEY_WORDS) {
      key.set(old.subarray(at, at + KEY_WORDS))
      if (key.some((word) => word !== 0)) words.set(key, findSlot())
    }
  }

  return {
    add(multihash, tag = 0) {
      if (size >= slots * MOST_TAKEN) grow()
      read(multihash, tag)
      const at = findSlot()
      if (isTaken(at)) return false
      words.set(key, at)
      size++
      return true
    },
    has(multihash, tag = 0) {
      read(multihash, tag)
      return isTaken(findSlot())
    },
    get size() {
      return size
    },
  }
}
