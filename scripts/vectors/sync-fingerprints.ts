import { createHash } from 'node:crypto'
import { hex } from './spelling.ts'

const SIZE = 2n ** 128n

/** @returns the bucket of a digest and the number it adds there, apart from the code */
function placeOf(digest: Uint8Array): { bucket: number; number: bigint } {
  const text = hex(digest)
  return { bucket: Number(BigInt(`0x${text.slice(0, 4)}`) >> 6n), number: BigInt(`0x${text.slice(32)}`) }
}

/** The sums of buckets that have records, as 32 hex digits. */
export function sumsOf(digests: readonly Uint8Array[]): Map<number, string> {
  const sums = new Map<number, bigint>()
  for (const { bucket, number } of digests.map(placeOf))
    sums.set(bucket, ((sums.get(bucket) ?? 0n) + number) % SIZE)
  return new Map(
    [...sums].sort(([a], [b]) => a - b).map(([bucket, sum]) => [bucket, sum.toString(16).padStart(32, '0')]),
  )
}

export function fingerprintCases(): unknown[] {
  const digest = (text: string) => new Uint8Array(createHash('sha256').update(text).digest())
  /** In the given bucket, with this number behind sixteen bytes of which only the first ten bits matter. */
  const made = (bucket: number, number: bigint) =>
    new Uint8Array(
      Buffer.from(
        `${((bucket << 6) | 0x2a).toString(16).padStart(4, '0')}${'5a'.repeat(14)}${number.toString(16).padStart(32, '0')}`,
        'hex',
      ),
    )
  const some = Array.from({ length: 40 }, (_, i) => digest(`record ${i}`))
  const [one, two] = some as [Uint8Array, Uint8Array]
  return [
    sums('no record', []),
    sums('one record', [one]),
    sums('two records', [one, two]),
    sums('the same in another order', [two, one]),
    sums('forty records', some),
    sums('the first bucket', [made(0, 1n)]),
    sums('the last bucket', [made(1023, 1n)]),
    sums('two in one bucket', [made(513, 2n), made(513, 40n)]),
    sums('a sum that carries from word to word', [made(9, 2n ** 96n - 1n), made(9, 1n)]),
    sums('a sum beyond 2^128 begins again', [made(9, SIZE - 1n), made(9, 3n)]),
    sums('a sum that is nothing', [made(9, SIZE - 5n), made(9, 5n)]),
    sums('one that came and went', [one], [two]),
    sums('one that came and went, carrying beyond 2^128', [made(9, SIZE - 1n)], [made(9, 5n)]),
  ]
}

/** @param gone - come as well, and then go */
function sums(comment: string, digests: Uint8Array[], gone: Uint8Array[] = []) {
  return {
    comment,
    digests: digests.map(hex),
    gone: gone.map(hex),
    buckets: digests.map((digest) => placeOf(digest).bucket),
    fingerprints: Object.fromEntries(sumsOf(digests)),
  }
}
