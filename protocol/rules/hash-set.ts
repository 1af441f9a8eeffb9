/** Bytes of a hash where nothing else is said: of a sha256. */
const WIDTH = 32
/** Hashes between two starts that are noted, on average; and bits by which starts are told apart, at most: 4 MiB of them. */
const HASHES_PER_START = 4
const MAX_BITS = 20

/**
 * A set of hashes: one behind the other, ascending, none twice, in memory that threads can share. A million of 32 bytes
 * take 32 MB, and nothing besides.
 *
 * @param hashes - one behind the other, in any order and any number of times
 * @param width - bytes of one, at least 4
 */
export function packHashes(hashes: Uint8Array, width = WIDTH): Uint8Array {
  const count = Math.floor(hashes.length / width)
  const order = sortedPlaces(hashes, width, count)
  const packed = new Uint8Array(new SharedArrayBuffer(count * width))
  let end = 0
  for (const place of order) {
    const at = place * width
    if (end > 0 && compareAt(packed, end - width, hashes, at, width) === 0) continue
    packed.set(hashes.subarray(at, at + width), end)
    end += width
  }
  if (end === packed.length) return packed
  const shorter = new Uint8Array(new SharedArrayBuffer(end))
  shorter.set(packed.subarray(0, end))
  return shorter
}

/** Where hashes lie by their order: by their first 32 bits all at once, and those that share them one by one. */
function sortedPlaces(hashes: Uint8Array, width: number, count: number): Uint32Array {
  const keys = new BigUint64Array(count)
  const halves = new Uint32Array(keys.buffer)
  for (let i = 0; i < count; i++) {
    halves[2 * i] = i
    halves[2 * i + 1] = wordAt(hashes, i * width)
  }
  keys.sort()
  const places = Uint32Array.from({ length: count }, (_, i) => halves[2 * i]!)
  for (let from = 0; from < count; ) {
    let to = from + 1
    while (to < count && halves[2 * to + 1] === halves[2 * from + 1]) to++
    if (to - from > 1)
      places.subarray(from, to).sort((a, b) => compareAt(hashes, a * width, hashes, b * width, width))
    from = to
  }
  return places
}

/** @returns what is in any of some sets; one of them itself, where the others are empty */
export function uniteHashes(sets: readonly Uint8Array[], width = WIDTH): Uint8Array {
  const filled = [...new Set(sets)].filter((set) => set.length > 0)
  if (filled.length <= 1) return filled[0] ?? sets[0] ?? packHashes(new Uint8Array())
  const all = new Uint8Array(filled.reduce((sum, set) => sum + set.length, 0))
  let at = 0
  for (const set of filled) {
    all.set(set, at)
    at += set.length
  }
  return packHashes(all, width)
}

/** Whether bytes are a set as `packHashes` makes them. */
export function isPacked(bytes: Uint8Array, width = WIDTH): boolean {
  if (bytes.length % width !== 0) return false
  for (let at = width; at < bytes.length; at += width)
    if (compareAt(bytes, at - width, bytes, at, width) >= 0) return false
  return true
}

/** Of sets that are looked up in more than once. */
const known = new WeakMap<Uint8Array, (hash: Uint8Array) => boolean>()

/**
 * Look hashes up in a set. Where hashes with the same first bits lie is noted once, in one pass; then one is found by
 * some three looks, and by as many as halving needs where somebody chose them so that they all begin alike.
 *
 * @param packed - as `packHashes` has it; it does not change any more
 */
export function finderIn(packed: Uint8Array, width = WIDTH): (hash: Uint8Array) => boolean {
  const before = known.get(packed)
  if (before) return before
  const count = packed.length / width
  const bits = Math.max(0, Math.min(MAX_BITS, Math.floor(Math.log2(count / HASHES_PER_START))))
  const firstOf = (word: number) => Math.floor(word / 2 ** (32 - bits))
  const starts = new Uint32Array(2 ** bits + 1)
  let end = 0
  for (let i = 0; i < count; i++)
    for (const first = firstOf(wordAt(packed, i * width)); end <= first; end++) starts[end] = i
  starts.fill(count, end)
  const find = (hash: Uint8Array) => {
    const word = wordAt(hash, 0)
    const first = firstOf(word)
    let low = starts[first]!
    let high = starts[first + 1]!
    while (low < high) {
      const middle = (low + high) >>> 1
      const at = middle * width
      let turn = wordAt(packed, at) - word
      for (let k = 4; turn === 0 && k < width; k++) turn = packed[at + k]! - hash[k]!
      if (turn === 0) return true
      if (turn < 0) low = middle + 1
      else high = middle
    }
    return false
  }
  known.set(packed, find)
  return find
}

/** The first 32 bits, as a number in their order. */
function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

function compareAt(a: Uint8Array, i: number, b: Uint8Array, j: number, width: number): number {
  for (let k = 0; k < width; k++) {
    const order = a[i + k]! - b[j + k]!
    if (order !== 0) return order
  }
  return 0
}
