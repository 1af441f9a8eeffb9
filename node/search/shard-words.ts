import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { replaceFile } from './replace-file.ts'
import { keyOf } from './words.ts'

/**
 * What rows of one shard are found by: a file of a head (MAGIC, then sha256 of all that follows), the counts of words and
 * of fingerprints, and then, little-endian,
 *
 * - words: 64 bits each, `keyOf` the word above the row, ascending
 * - fingerprints: the row of each, then 32 bytes of PDQ each
 */
export interface ShardWords {
  words: BigUint64Array
  pdqRows: Uint32Array
  pdqs: Uint32Array
}

const MAGIC = 'shoal words 1\n'.padEnd(16)
const HEAD_BYTES = MAGIC.length + 32
const PDQ_WORDS = 8

/** Gathers the words of a shard's rows, which are given in order. */
export function gatherWords() {
  let pairs = new Uint32Array(2 ** 12)
  let count = 0
  const pdqRows: number[] = []
  const pdqs: string[] = []
  return {
    add(row: number, words: readonly string[], pdq: string | null): void {
      for (const word of words) {
        if (count === pairs.length) {
          const larger = new Uint32Array(2 * count)
          larger.set(pairs)
          pairs = larger
        }
        pairs[count++] = row
        pairs[count++] = keyOf(word)
      }
      if (pdq === null || !/^[0-9a-f]{64}$/.test(pdq)) return
      pdqRows.push(row)
      pdqs.push(pdq)
    },
    /** Puts them on the disk. */
    async save(path: string): Promise<void> {
      const words = new BigUint64Array(pairs.buffer, 0, count / 2).sort()
      const parts = [
        new Uint32Array([words.length, pdqRows.length]),
        words,
        Uint32Array.from(pdqRows),
        Buffer.from(pdqs.join(''), 'hex'),
      ].map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
      const sum = createHash('sha256')
      for (const part of parts) sum.update(part)
      await replaceFile(path, [Buffer.from(MAGIC), sum.digest(), ...parts])
    },
  }
}

/** @returns null where the file is not as it was written */
export async function readWords(path: string): Promise<ShardWords | null> {
  const file = await readFile(path).catch(() => null)
  if (file === null || file.length < HEAD_BYTES + 8) return null
  const body = new Uint8Array(file.subarray(HEAD_BYTES))
  const sum = createHash('sha256').update(body).digest()
  if (
    file.toString('latin1', 0, MAGIC.length) !== MAGIC ||
    !sum.equals(file.subarray(MAGIC.length, HEAD_BYTES))
  )
    return null
  const [words = 0, pdqs = 0] = new Uint32Array(body.buffer, 0, 2)
  const end = 8 + 8 * words
  if (body.length !== end + 36 * pdqs) return null
  return {
    words: new BigUint64Array(body.buffer, 8, words),
    pdqRows: new Uint32Array(body.buffer, end, pdqs),
    pdqs: new Uint32Array(body.buffer, end + 4 * pdqs, PDQ_WORDS * pdqs),
  }
}

/** Rows that may have a word, ascending, at most `limit`. */
export function rowsOf({ words }: ShardWords, key: number, limit: number): number[] {
  const wanted = BigInt(key) << 32n
  let low = 0
  for (let high = words.length; low < high; ) {
    const middle = (low + high) >>> 1
    if (words[middle]! < wanted) low = middle + 1
    else high = middle
  }
  const rows: number[] = []
  for (; rows.length < limit && low < words.length && words[low]! >> 32n === BigInt(key); low++)
    rows.push(Number(words[low]! & 0xffffffffn))
  return rows
}

/** Rows whose PDQ is at most `most` bits away from another, and how many. */
export function rowsAlike(
  { pdqRows, pdqs }: ShardWords,
  pdq: Uint8Array,
  most: number,
): { row: number; bits: number }[] {
  const wanted = new Uint32Array(new Uint8Array(pdq).buffer)
  const found: { row: number; bits: number }[] = []
  for (let at = 0; at < pdqRows.length; at++) {
    let bits = 0
    for (let i = 0; i < PDQ_WORDS && bits <= most; i++)
      bits += countBits(pdqs[at * PDQ_WORDS + i]! ^ wanted[i]!)
    if (bits <= most) found.push({ row: pdqRows[at]!, bits })
  }
  return found
}

/** Of 32 bits: pairs, then fours, then bytes are added up, side by side. */
function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
