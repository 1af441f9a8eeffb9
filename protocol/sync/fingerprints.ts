/** Bytes of a sha256, the digest within a record's id. */
export const DIGEST_BYTES = 32
/** Buckets that a campaign's records are divided into, by the first ten bits of the digests in their ids. */
export const BUCKETS = 1024
/** Bytes of a bucket's fingerprint. */
export const FINGERPRINT_BYTES = 16
const WORDS = FINGERPRINT_BYTES / 4

export function bucketOf(digest: Uint8Array): number {
  return (digest[0]! << 2) | (digest[1]! >>> 6)
}

/**
 * The fingerprints of a campaign's buckets: each is the sum, modulo 2^128, of the last 16 bytes of its records'
 * digests, read as big-endian numbers. So it does not matter in which order records came, and one that goes is
 * subtracted.
 */
export type Fingerprints = Uint32Array

/** @returns those of no records at all */
export function makeFingerprints(): Fingerprints {
  return new Uint32Array(BUCKETS * WORDS)
}

/** @param sign - 1 for a record that comes, -1 for one that goes */
export function addDigest(fingerprints: Fingerprints, digest: Uint8Array, sign: 1 | -1): void {
  const first = bucketOf(digest) * WORDS
  let carry = 0
  for (let i = WORDS - 1; i >= 0; i--) {
    const sum =
      fingerprints[first + i]! + sign * wordAt(digest, DIGEST_BYTES - FINGERPRINT_BYTES + 4 * i) + carry
    fingerprints[first + i] = sum
    carry = Math.floor(sum / 2 ** 32)
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

/** Bucket after bucket, 16 KiB in all. */
export function encodeFingerprints(fingerprints: Fingerprints): Uint8Array {
  const bytes = new Uint8Array(fingerprints.length * 4)
  const view = new DataView(bytes.buffer)
  fingerprints.forEach((word, i) => void view.setUint32(4 * i, word))
  return bytes
}

/** @param bytes - as many as `encodeFingerprints` gives */
export function decodeFingerprints(bytes: Uint8Array): Fingerprints {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return makeFingerprints().map((_, i) => view.getUint32(4 * i))
}

export function sameBucket(a: Fingerprints, b: Fingerprints, bucket: number): boolean {
  for (let i = bucket * WORDS; i < (bucket + 1) * WORDS; i++) if (a[i] !== b[i]) return false
  return true
}
