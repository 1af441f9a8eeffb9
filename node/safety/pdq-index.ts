import { PDQ_NEAR } from '../../protocol/limits.ts'

/** Bytes of a PDQ, and pieces of 16 bits that it is looked up by. */
const WIDTH = 32
const PIECES = 16
const VALUES = 2 ** 16
/** So many are compared one by one within some 10 µs, and need no tables. */
const FEW = 512

/**
 * Tells whether a picture's PDQ is within PDQ_NEAR bits of one of a set. Of two hashes that near, one of 16 pieces differs
 * in a bit at most (31 = 16 + 15), so that only those are compared that share a piece, or nearly (multi-index hashing:
 * Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", 2012). A million take 64 MB
 * besides themselves.
 *
 * @param packed - as `packHashes` makes it
 */
export function indexPdq(packed: Uint8Array): (hash: Uint8Array) => boolean {
  const count = packed.length / WIDTH
  const words = new Uint32Array(packed.buffer, packed.byteOffset, packed.length / 4)

  function isNear(row: number, query: Uint32Array): boolean {
    let bits = 0
    for (let i = 0; i < 8; i++) {
      bits += countBits(words[8 * row + i]! ^ query[i]!)
      if (bits > PDQ_NEAR) return false
    }
    return true
  }

  function isNearAny(query: Uint32Array): boolean {
    for (let row = 0; row < count; row++) if (isNear(row, query)) return true
    return false
  }

  if (count <= FEW) return (hash) => isNearAny(wordsOf(hash))
  const tables = Array.from({ length: PIECES }, (_, piece) => makeTable(packed, count, piece))
  return (hash) => {
    const query = wordsOf(hash)
    for (const [piece, { starts, rows }] of tables.entries()) {
      const own = pieceAt(hash, 0, piece)
      for (let bit = -1; bit < 16; bit++) {
        const value = bit < 0 ? own : own ^ (1 << bit)
        for (let at = starts[value]!; at < starts[value + 1]!; at++)
          if (isNear(rows === null ? at : rows[at]!, query)) return true
      }
    }
    return false
  }
}

/** Rows by the value of one piece. A set is in the order of its first piece, which needs no rows. */
function makeTable(packed: Uint8Array, count: number, piece: number) {
  const starts = new Uint32Array(VALUES + 1)
  for (let row = 0; row < count; row++) starts[pieceAt(packed, row, piece) + 1]!++
  for (let value = 0; value < VALUES; value++) starts[value + 1]! += starts[value]!
  if (piece === 0) return { starts, rows: null }
  const next = starts.slice()
  const rows = new Uint32Array(count)
  for (let row = 0; row < count; row++) rows[next[pieceAt(packed, row, piece)]!++] = row
  return { starts, rows }
}

function pieceAt(bytes: Uint8Array, row: number, piece: number): number {
  const at = WIDTH * row + 2 * piece
  return (bytes[at]! << 8) | bytes[at + 1]!
}

/** In the order of bytes that the set itself is read in. */
function wordsOf(hash: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(hash).buffer)
}

function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
