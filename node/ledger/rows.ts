import { DIGEST_BYTES } from '../../protocol/sync/fingerprints.ts'

export const CLAIM = 1
export const SHARD = 2
export const VERDICT = 3
export const REMOVAL = 4
export const HEAD = 5
/** Rows that are written to the disk together, as they lie in memory: half a million single values take seconds to read. */
export const PAGE_ROWS = 64

/**
 * Where fields lie in a row. Numbers are little-endian. Shards and verdicts have `manifest` where a claim has its times.
 * A verdict's `rows` are those that it says the shard has; a shard's `state` is the last that was found, see judge.ts.
 * A removal's `manifest` is its subject's hash, or the digest of what it takes back; its `until` is when it is over. A
 * head's times are those that it holds from and to.
 */
const AT = {
  digest: 0,
  // words of the digest, to look it up by
  digest0: 0,
  digest4: 4,
  manifest: 32,
  issued: 32,
  expires: 40,
  seq: 64,
  epoch: 64,
  result: 68,
  segment: 72,
  what: 72,
  peer: 76,
  campaign: 80,
  kind: 84,
  rows: 88,
  producer: 92,
  state: 92,
  until: 88,
  // links mean nothing on the disk: they are made anew
  nextInGroup: 96,
  nextInBucket: 100,
} as const
const ROW_BYTES = 104
export const PAGE_BYTES = PAGE_ROWS * ROW_BYTES
const CHUNK_BITS = 12
const IN_CHUNK = (1 << CHUNK_BITS) - 1

type Word =
  | 'digest0'
  | 'digest4'
  | 'segment'
  | 'what'
  | 'peer'
  | 'campaign'
  | 'kind'
  | 'rows'
  | 'epoch'
  | 'result'
  | 'producer'
  | 'state'
  | 'nextInGroup'
  | 'nextInBucket'
type Number64 = 'issued' | 'expires' | 'seq' | 'until'
/** What a row is made of: digests of 32 bytes, and numbers. A verdict's `peer` is its verifier, a removal's its source. */
export type RowFields = { digest: Uint8Array; peer: number; campaign: number } & (
  | { kind: typeof CLAIM; segment: number; seq: number; issued: number; expires: number }
  | { kind: typeof SHARD; segment: number; seq: number; manifest: Uint8Array; rows: number }
  | {
      kind: typeof VERDICT
      segment: number
      manifest: Uint8Array
      rows: number
      producer: number
      epoch: number
      /** see packResult */
      result: number
    }
  | {
      kind: typeof REMOVAL
      manifest: Uint8Array
      seq: number
      /** see packWhat */
      what: number
      /** milliseconds since 1970; Infinity: never */
      until: number
    }
  | { kind: typeof HEAD; seq: number; issued: number; expires: number }
)

export type Rows = ReturnType<typeof makeRows>

/**
 * Records in short, 104 bytes each, in chunks that never move: half a million objects would be a burden on the heap.
 * Campaigns and peers are numbers here, which the ledger gives out. Links to no row are 0xffffffff.
 *
 * @param given - rows that `chunks` and `end` gave, to be read only
 */
export function makeRows(given: { chunks: Uint8Array[]; end: number } = { chunks: [], end: 0 }) {
  const { chunks } = given
  const views = chunks.map(({ buffer, byteOffset, length }) => new DataView(buffer, byteOffset, length))
  const free: number[] = []
  let { end } = given

  const start = (row: number) => (row & IN_CHUNK) * ROW_BYTES

  function bytes(row: number, at: number, length: number): Uint8Array {
    const from = start(row) + at
    return chunks[row >>> CHUNK_BITS]!.subarray(from, from + length)
  }

  function reach(row: number): void {
    while (row >>> CHUNK_BITS >= chunks.length) {
      const chunk = new Uint8Array(ROW_BYTES << CHUNK_BITS)
      chunks.push(chunk)
      views.push(new DataView(chunk.buffer))
    }
  }

  function isAt(row: number, at: number, digest: Uint8Array): boolean {
    const chunk = chunks[row >>> CHUNK_BITS]!
    const from = start(row) + at
    for (let i = 0; i < DIGEST_BYTES; i++) if (chunk[from + i] !== digest[i]) return false
    return true
  }

  return {
    /** A copy of the rows from `page * PAGE_ROWS` on. */
    page: (page: number): Uint8Array => bytes(page * PAGE_ROWS, 0, PAGE_BYTES).slice(),

    /** Put a page where it was, after all pages before it. */
    restore(page: number, stored: Uint8Array): void {
      reach(page * PAGE_ROWS)
      chunks[(page * PAGE_ROWS) >>> CHUNK_BITS]!.set(stored, start(page * PAGE_ROWS))
      for (end = Math.max(end, page * PAGE_ROWS); end < (page + 1) * PAGE_ROWS; end++)
        if (views[end >>> CHUNK_BITS]!.getUint32(start(end) + AT.kind, true) === 0) free.push(end)
    },

    /** Rows are 0 to `end() - 1`; those that were removed have kind 0. */
    end: () => end,

    /** @returns the row's number */
    take(fields: RowFields): number {
      const row = free.pop() ?? end++
      reach(row)
      const chunk = chunks[row >>> CHUNK_BITS]!
      const view = views[row >>> CHUNK_BITS]!
      const from = start(row)
      chunk.fill(0, from, from + ROW_BYTES)
      chunk.set(fields.digest, from + AT.digest)
      const put = (field: Word, value: number) => view.setUint32(from + AT[field], value, true)
      put('kind', fields.kind)
      put('peer', fields.peer)
      put('campaign', fields.campaign)
      if ('segment' in fields) put('segment', fields.segment)
      if ('seq' in fields) view.setFloat64(from + AT.seq, fields.seq, true)
      if ('issued' in fields) {
        view.setFloat64(from + AT.issued, fields.issued, true)
        view.setFloat64(from + AT.expires, fields.expires, true)
      } else chunk.set(fields.manifest, from + AT.manifest)
      if ('rows' in fields) put('rows', fields.rows)
      if (fields.kind === VERDICT) {
        put('producer', fields.producer)
        put('epoch', fields.epoch)
        put('result', fields.result)
      }
      if (fields.kind === REMOVAL) {
        put('what', fields.what)
        view.setFloat64(from + AT.until, fields.until, true)
      }
      return row
    },

    release(row: number): void {
      views[row >>> CHUNK_BITS]!.setUint32(start(row) + AT.kind, 0, true)
      free.push(row)
    },

    word: (row: number, field: Word): number =>
      views[row >>> CHUNK_BITS]!.getUint32(start(row) + AT[field], true),

    setWord: (row: number, field: Word, value: number): void =>
      views[row >>> CHUNK_BITS]!.setUint32(start(row) + AT[field], value, true),

    number: (row: number, field: Number64): number =>
      views[row >>> CHUNK_BITS]!.getFloat64(start(row) + AT[field], true),

    /** Views of the row: copy what outlives it. */
    digest: (row: number) => bytes(row, AT.digest, DIGEST_BYTES),
    manifest: (row: number) => bytes(row, AT.manifest, DIGEST_BYTES),

    hasDigest: (row: number, digest: Uint8Array): boolean => isAt(row, AT.digest, digest),
    hasManifest: (row: number, digest: Uint8Array): boolean => isAt(row, AT.manifest, digest),

    /** All rows as they lie in memory. */
    chunks: (): readonly Uint8Array[] => chunks,
  }
}
