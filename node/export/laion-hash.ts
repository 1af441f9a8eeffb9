/** A 64-bit number, as its two halves. It is changed in place: a BigInt for each step would take ten times as long. */
interface Word {
  high: number
  low: number
}

const C1 = word(0x87c37b91, 0x114253d5)
const C2 = word(0x4cf5ad43, 0x2745937f)
const F1 = word(0xff51afd7, 0xed558ccd)
const F2 = word(0xc4ceb9fe, 0x1a85ec53)
const FIVE = word(0, 5)
const N1 = word(0, 0x52dce729)
const N2 = word(0, 0x38495ab5)
const h1 = word(0, 0)
const h2 = word(0, 0)
const k1 = word(0, 0)
const k2 = word(0, 0)
const tail = new Uint8Array(16)
const tailView = new DataView(tail.buffer)

/**
 * The first half of MurmurHash3 x64 128 of a text's UTF-8, seed 0, signed
 * (https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp).
 */
export function laionHash(text: string): bigint {
  const bytes = Buffer.from(text)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  h1.high = h1.low = h2.high = h2.low = 0
  const whole = bytes.length & ~15
  for (let at = 0; at < whole; at += 16) {
    mixFirst(view, at)
    rotate(h1, 27)
    add(h1, h2)
    multiply(h1, FIVE)
    add(h1, N1)
    mixSecond(view, at)
    rotate(h2, 31)
    add(h2, h1)
    multiply(h2, FIVE)
    add(h2, N2)
  }
  // what is missing counts as zeros, which change nothing
  tail.fill(0)
  for (let at = whole; at < bytes.length; at++) tail[at - whole] = bytes[at]!
  mixSecond(tailView, 0)
  mixFirst(tailView, 0)
  h1.low ^= bytes.length
  h2.low ^= bytes.length
  add(h1, h2)
  add(h2, h1)
  finish(h1)
  finish(h2)
  add(h1, h2)
  return (BigInt(h1.high | 0) << 32n) | BigInt(h1.low >>> 0)
}

/** Halves with signs, as bitwise operators make them: V8 keeps those in place. */
function word(high: number, low: number): Word {
  return { high: high | 0, low: low | 0 }
}

function mixFirst(view: DataView, at: number): void {
  read(k1, view, at)
  multiply(k1, C1)
  rotate(k1, 31)
  multiply(k1, C2)
  xor(h1, k1)
}

function mixSecond(view: DataView, at: number): void {
  read(k2, view, at + 8)
  multiply(k2, C2)
  rotate(k2, 33)
  multiply(k2, C1)
  xor(h2, k2)
}

function finish(word: Word): void {
  word.low ^= word.high >>> 1
  multiply(word, F1)
  word.low ^= word.high >>> 1
  multiply(word, F2)
  word.low ^= word.high >>> 1
}

function read(word: Word, view: DataView, at: number): void {
  word.low = view.getInt32(at, true)
  word.high = view.getInt32(at + 4, true)
}

function xor(word: Word, by: Word): void {
  word.high ^= by.high
  word.low ^= by.low
}

function add(word: Word, by: Word): void {
  const low = (word.low >>> 0) + (by.low >>> 0)
  word.high = (word.high + by.high + (low > 0xffffffff ? 1 : 0)) | 0
  word.low = low | 0
}

function multiply(word: Word, by: Word): void {
  const a = word.low & 0xffff
  const b = word.low >>> 16
  const c = by.low & 0xffff
  const d = by.low >>> 16
  // sums of products of 16 bits stay below 2^53, where numbers are exact
  const middle = a * d + b * c + ((a * c) >>> 16)
  const upper = b * d + Math.floor(middle / 0x10000)
  word.high = (Math.imul(word.high, by.low) + Math.imul(word.low, by.high) + upper) | 0
  word.low = Math.imul(word.low, by.low)
}

function rotate(word: Word, by: number): void {
  const { high, low } = word
  const [upper, lower] = by < 32 ? [high, low] : [low, high]
  const left = by % 32
  word.high = (upper << left) | (lower >>> (32 - left))
  word.low = (lower << left) | (upper >>> (32 - left))
}
