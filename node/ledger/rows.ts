import { DIGEST_BYTES } from './record-id.ts'

export const CLAIM = 1
export const SHARD = 2
/** Bytes of a row on the disk: all that views and rules ask of a claim or a shard. */
export const STORED_BYTES = 88

/** Where fields lie in a row. Numbers are little-endian. A shard has `manifest` where a claim has its times. */
const AT = {
  digest: 0,
  manifest: 32,
  issued: 32,
  expires: 40,
  seq: 64,
  segment: 72,
  peer: 76,
  campaign: 80,
  kind: 84,
  // from here on in memory only
  nextInSegment: 88,
  nextInBucket: 92,
} as const
const ROW_BYTES = 96
const CHUNK_BITS = 12
const IN_CHUNK = (1 << CHUNK_BITS) - 1

type Word = 'segment' | 'peer' | 'campaign' | 'kind' | 'nextInSegment' | 'nextInBucket'
type Number64 = 'issued' | 'expires' | 'seq'
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

  return {
    /** Rows are 0 to `end() - 1`; those that were removed have kind 0. */
    end: () => end,

    take(stored: Uint8Array): number {
      const row = free.pop() ?? end++
      if (row >>> CHUNK_BITS === chunks.length) {
        const chunk = new Uint8Array(ROW_BYTES << CHUNK_BITS)
        chunks.push(chunk)
        views.push(new DataView(chunk.buffer))
      }
      chunks[row >>> CHUNK_BITS]!.set(stored, start(row))
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

interface RowFields {
  digest: Uint8Array
  seq: number
  segment: number
  peer: number
  campaign: number
}

/** A row as it is stored. */
export function packRow(
  row: RowFields & ({ issued: number; expires: number } | { manifest: Uint8Array }),
): Uint8Array {
  const bytes = new Uint8Array(STORED_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(row.digest, AT.digest)
  if ('manifest' in row) bytes.set(row.manifest, AT.manifest)
  else {
    view.setFloat64(AT.issued, row.issued, true)
    view.setFloat64(AT.expires, row.expires, true)
  }
  view.setFloat64(AT.seq, row.seq, true)
  view.setUint32(AT.segment, row.segment, true)
  view.setUint32(AT.peer, row.peer, true)
  view.setUint32(AT.campaign, row.campaign, true)
  view.setUint32(AT.kind, 'manifest' in row ? SHARD : CLAIM, true)
  return bytes
}

/** @param stored - as `packRow` makes it */
export function campaignOfRow(stored: Uint8Array): number {
  return new DataView(stored.buffer, stored.byteOffset).getUint32(AT.campaign, true)
}
