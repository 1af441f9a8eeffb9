import { sha256 } from '@noble/hashes/sha2.js'

/**
 * What a verifier draws from, so that no kind of forgery is out of reach:
 * - `kept`: rows of `pairs.parquet`, in file order
 * - `dropped`: rows of `outcomes.parquet` that are not kept, counted among themselves, in file order
 * - `source`: places in the segment itself, whose records may have been left out of both
 */
export const FRAMES = ['kept', 'dropped', 'source'] as const
export type Frame = (typeof FRAMES)[number]

/** How many rows each frame of a shard has. The source has no rows: any byte of it can be drawn. */
export interface FrameSizes {
  kept: number
  dropped: number
}

/** What is looked at, in the order of drawing. */
export interface Sample {
  /** rows, from 0 */
  kept: number[]
  dropped: number[]
  /** places as `placeIn` reads them */
  source: number[]
}

/**
 * A row is looked at with its whole page, so that a place in the source, which is nothing but a page, finds little
 * more; but alone it finds pages that were left out. So there are fewer of them: one for so many samples.
 */
const SAMPLES_PER_PLACE = 4

/** @returns how many are drawn of each frame: all rows where there are fewer than `samples` */
export function sampleCounts(sizes: FrameSizes, samples: number): Record<Frame, number> {
  return {
    kept: Math.min(samples, sizes.kept),
    dropped: Math.min(samples, sizes.dropped),
    source: Math.ceil(samples / SAMPLES_PER_PLACE),
  }
}

/**
 * What a verifier looks at: chosen by its signature over the manifest. The producer, who signed the manifest first,
 * can't know it; the verifier can't choose it, as long as it signs as RFC 8032 says; anybody can draw it again.
 *
 * A verifier that breaks RFC 8032 has many signatures over one message, and so can look for a sample that spares
 * the forged rows. It gains nothing that it could not have by lying; only, the lie can't be told from bad luck.
 *
 * Of a shard with a share f of forged rows, M verifiers of n samples each find one with probability 1 - (1 - f)^(M n)
 * or, since no row is drawn twice, slightly more.
 *
 * @param proof - the verdict's: its verifier's signature over `proofMessage` of the manifest
 */
export function drawSample(proof: Uint8Array, sizes: FrameSizes, samples: number): Sample {
  return {
    kept: drawRows(proof, 'kept', sizes.kept, samples),
    dropped: drawRows(proof, 'dropped', sizes.dropped, samples),
    source: drawPlaces(proof, samples),
  }
}

/**
 * One frame of the sample, without the cost of the others. A word of the stream is a row where it is less than the
 * largest multiple of `size` that a word can hold, by its remainder; words above, and rows drawn before, are passed over.
 */
export function drawRows(
  proof: Uint8Array,
  frame: Exclude<Frame, 'source'>,
  size: number,
  samples: number,
): number[] {
  const next = startWords(proof, frame)
  const most = Math.min(samples, size)
  const bound = 2 ** 32 - (2 ** 32 % size)
  const rows = new Set<number>()
  while (rows.size < most) {
    const word = next()
    if (word < bound) rows.add(word % size)
  }
  return [...rows]
}

function drawPlaces(proof: Uint8Array, samples: number): number[] {
  const next = startWords(proof, 'source')
  return Array.from(
    { length: Math.ceil(samples / SAMPLES_PER_PLACE) },
    () => (next() >>> 11) * 2 ** 32 + next(),
  )
}

/**
 * The stream of a frame: sha256 of sha256(proof), the frame's name in ASCII, and a count of four bytes, the highest
 * first, from 0; each gives eight words of 32 bits, their highest byte first.
 */
function startWords(proof: Uint8Array, frame: Frame): () => number {
  const name = new TextEncoder().encode(frame)
  const message = new Uint8Array(32 + name.length + 4)
  message.set(sha256(proof))
  message.set(name, 32)
  const view = new DataView(message.buffer)
  let words = new DataView(message.buffer, 0, 0)
  let at = 0
  let count = 0
  return () => {
    if (at === words.byteLength) {
      view.setUint32(32 + name.length, count++)
      words = new DataView(sha256(message).buffer)
      at = 0
    }
    at += 4
    return words.getUint32(at - 4)
  }
}

/**
 * Where in a segment a drawn place lies: the record that begins there or next after it is looked at, or if none does,
 * the segment's first. Every candidate of it must be in the shard, and none but those.
 *
 * @param place - 53 random bits: that part of 2^53 of the segment's length
 * @param start - the segment's first byte in its file
 * @param end - the byte after its last
 * @returns a byte of the file, below `end`
 */
export function placeIn(place: number, start: number, end: number): number {
  return start + Number((BigInt(place) * BigInt(end - start)) >> 53n)
}
