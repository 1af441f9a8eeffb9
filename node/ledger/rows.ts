import { DIGEST_BYTES } from '../../protocol/sync/fingerprints.ts'

export const CLAIM = 1
export const SHARD = 2
/** Rows that are written to the disk together, as they lie in memory: half a million single values take seconds to read. */
export const PAGE_ROWS = 64

/** Where fields lie in a row. Numbers are little-endian. A shard has `manifest` where a claim has its times. */
const AT = {
  digest: 0,
  // words of the digest, to look it up by
  digest0: 0,
  digest4: 4,
  manifest: 32,
  issued: 32,
  expires: 40,
  seq: 64,
  segment: 72,
  peer: 76,
  campaign: 80,
  kind: 84,
  // links mean nothing on the disk: they are made anew
  nextInSegment: 88,
  nextInBucket: 92,
} as const
const ROW_BYTES = 96
export const PAGE_BYTES = PAGE_ROWS * ROW_BYTES
const CHUNK_BITS = 12
const IN_CHUNK = (1 << CHUNK_BITS) - 1

type Word =
  | 'digest0'
  | 'digest4'
  | 'segment'
  | 'peer'
  | 'campaign'
  | 'kind'
  | 'nextInSegment'
  | 'nextInBucket'
type Number64 = 'issued' | 'expires' | 'seq'
/** What a row is made of: digests of 32 bytes, and numbers. */
export type RowFields = {
  digest: Uint8Array
  seq: number
  segment: number
  peer: number
  campaign: number
} & ({ issued: number; expires: number } | { manifest: Uint8Array })

export type Rows = ReturnType<typeof makeRows>

/**
 * Records in short, 96 bytes each, in chunks that never move: half a million objects would be a burden on the heap.
 * Campaigns and peers are numbers here, which the ledger gives out. Links to no row are 0xffffffff.
 */
export function makeRows() {
  const chunks: Uint8Array[] = []
  const views: DataView[] = []
  const free: number[] = []
  let end = 0

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
      chunk.set(fields.digest, from + AT.digest)
      if ('manifest' in fields) chunk.set(fields.manifest, from + AT.manifest)
      else {
        view.setFloat64(from + AT.issued, fields.issued, true)
        view.setFloat64(from + AT.expires, fields.expires, true)
        chunk.fill(0, from + AT.expires + 8, from + AT.seq)
      }
      view.setFloat64(from + AT.seq, fields.seq, true)
      view.setUint32(from + AT.segment, fields.segment, true)
      view.setUint32(from + AT.peer, fields.peer, true)
      view.setUint32(from + AT.campaign, fields.campaign, true)
      view.setUint32(from + AT.kind, 'manifest' in fields ? SHARD : CLAIM, true)
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

    hasDigest(row: number, digest: Uint8Array): boolean {
      const chunk = chunks[row >>> CHUNK_BITS]!
      const from = start(row)
      for (let i = 0; i < DIGEST_BYTES; i++) if (chunk[from + i] !== digest[i]) return false
      return true
    },
  }
}
