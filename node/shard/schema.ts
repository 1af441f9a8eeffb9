import { hash } from 'node:crypto'
import { pairUid } from '../../protocol/uid.ts'
import type { CandidateOutcome, Pair } from '../components.ts'
import type { ColumnOf } from './parquet.ts'

/** Rows a row group has, and so the rows that lie in memory at once: some megabytes of either. */
export const ROW_GROUPS = { 'pairs.parquet': 4_096, 'outcomes.parquet': 4_096 } as const
export type ShardFile = keyof typeof ROW_GROUPS

/**
 * Signals kept of one pair, and characters of each: pages can carry any number, of any length.
 * An outcome's url is cut as well: it may be a `data:` address of megabytes, or no address at all.
 */
export const MAX_SIGNALS = 64
const MAX_SIGNAL_CHARS = 512
const MAX_OUTCOME_CHARS = 4_096

/**
 * `pairs.parquet`: one row for every pair that passed, in the order of the segment.
 *
 * - `uid`: see `protocol/uid.ts`
 * - `hash`: md5 of url + text in hex, what LAION's pipeline removed duplicates by
 * - `nsfw`, `watermark`: probabilities, null where no such model ran
 * - `warc_path`, `warc_offset`, `warc_length`: the page's record; `image_ordinal`: which `<img>` of the page, from 0
 * - `sha256`, `md5`, `pdq`: of the image, in hex
 * - `fetched_at`: UTC, milliseconds
 * - `signals`: opt-out signals seen, as `source: value`; `signals_at`: when each was, as ISO 8601 in UTC
 * - `tags`: what the picture seems to show, by names of `protocol/rules/tags.ts`
 * - `faces`: how many were found, null where nobody looked; `face_boxes`: where, to blur them, as JSON
 *   `[[x, y, width, height, score], …]` in fractions of the picture's sides
 * - `embedding`: the image's, L2-normalised, as little-endian float16, 2 bytes a dimension:
 *   `numpy.frombuffer(row.embedding, '<f2')`. A list column of float16 would be read natively, but takes a
 *   hundred times as long to write and read.
 */
export const PAIR_COLUMNS: readonly ColumnOf<Pair>[] = [
  {
    name: 'uid',
    type: 'string',
    distinct: true,
    cell: (pair) => pairUid(pair, (bytes) => hash('sha256', bytes)),
  },
  { name: 'url', type: 'string', distinct: true, cell: (pair) => pair.url },
  { name: 'text', type: 'string', cell: (pair) => pair.text },
  { name: 'width', type: 'int32', cell: (pair) => pair.width },
  { name: 'height', type: 'int32', cell: (pair) => pair.height },
  { name: 'similarity', type: 'double', cell: (pair) => pair.similarity },
  { name: 'language', type: 'string', nullable: true, cell: (pair) => pair.language },
  { name: 'license', type: 'string', nullable: true, cell: (pair) => pair.license },
  { name: 'nsfw', type: 'double', nullable: true, cell: (pair) => pair.nsfw },
  { name: 'watermark', type: 'double', nullable: true, cell: (pair) => pair.watermark },
  { name: 'hash', type: 'string', distinct: true, cell: (pair) => hash('md5', pair.url + pair.text) },
  { name: 'page_url', type: 'string', cell: (pair) => pair.pageUrl },
  { name: 'warc_path', type: 'string', cell: (pair) => pair.warcPath },
  { name: 'warc_offset', type: 'int64', cell: (pair) => pair.warcOffset },
  { name: 'warc_length', type: 'int64', cell: (pair) => pair.warcLength },
  { name: 'image_ordinal', type: 'int32', cell: (pair) => pair.imageOrdinal },
  { name: 'sha256', type: 'string', distinct: true, cell: (pair) => pair.sha256 },
  { name: 'md5', type: 'string', distinct: true, cell: (pair) => pair.md5 },
  { name: 'pdq', type: 'string', nullable: true, distinct: true, cell: (pair) => pair.pdq },
  { name: 'fetched_at', type: 'timestamp', cell: (pair) => pair.fetchedAt },
  {
    name: 'signals',
    type: 'strings',
    cell: (pair) => cutSignals(pair.signals),
  },
  {
    name: 'signals_at',
    type: 'strings',
    cell: (pair) => pair.signalsAt.slice(0, MAX_SIGNALS).map((at) => new Date(at).toISOString()),
  },
  { name: 'tags', type: 'strings', cell: (pair) => pair.tags },
  { name: 'faces', type: 'int32', nullable: true, cell: (pair) => pair.faces },
  { name: 'face_boxes', type: 'string', nullable: true, cell: (pair) => pair.faceBoxes },
  {
    name: 'embedding',
    type: 'bytes',
    cell: ({ embedding }) => new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength),
  },
]

/**
 * `outcomes.parquet`: one row for every candidate, in the order of the segment; what an outcome means is
 * in `protocol/outcomes.ts`. `similarity` is null where nothing was scored.
 *
 * - `sha256`, `pdq`: of the image, dropped or not, where it was fetched and as far as it was looked into
 * - `source_offset`, `source_length`: the page's record in the segment's own file, for whoever reads it again; of a WAT
 *   it is the metadata's
 * - `image_offset`, `image_length`: the image's record there, if it was taken from there
 */
export const OUTCOME_COLUMNS: readonly ColumnOf<CandidateOutcome>[] = [
  { name: 'url', type: 'string', distinct: true, cell: (row) => cutAddress(row.url) },
  { name: 'page_url', type: 'string', cell: (row) => cutAddress(row.pageUrl) },
  { name: 'warc_path', type: 'string', cell: (row) => row.warcPath },
  { name: 'warc_offset', type: 'int64', cell: (row) => row.warcOffset },
  { name: 'warc_length', type: 'int64', cell: (row) => row.warcLength },
  { name: 'image_ordinal', type: 'int32', cell: (row) => row.imageOrdinal },
  { name: 'outcome', type: 'string', cell: (row) => row.outcome },
  {
    name: 'detail',
    type: 'string',
    nullable: true,
    cell: (row) => (row.detail === null ? null : cut(row.detail, MAX_SIGNAL_CHARS)),
  },
  { name: 'similarity', type: 'double', nullable: true, cell: (row) => row.similarity },
  { name: 'sha256', type: 'string', nullable: true, distinct: true, cell: (row) => row.sha256 },
  { name: 'pdq', type: 'string', nullable: true, distinct: true, cell: (row) => row.pdq },
  { name: 'source_offset', type: 'int64', cell: (row) => row.sourceOffset },
  { name: 'source_length', type: 'int64', cell: (row) => row.sourceLength },
  { name: 'image_offset', type: 'int64', nullable: true, cell: (row) => row.imageOffset },
  { name: 'image_length', type: 'int64', nullable: true, cell: (row) => row.imageLength },
]

export const COLUMNS: { readonly [name in ShardFile]: readonly ColumnOf<never>[] } = {
  'pairs.parquet': PAIR_COLUMNS,
  'outcomes.parquet': OUTCOME_COLUMNS,
}

/** As `pairs.parquet` has them. */
export function cutSignals(signals: readonly string[]): string[] {
  return signals.slice(0, MAX_SIGNALS).map((signal) => cut(signal, MAX_SIGNAL_CHARS))
}

/** As `outcomes.parquet` has them. */
export function cutAddress(address: string): string {
  return cut(address, MAX_OUTCOME_CHARS)
}

/** The first `chars` UTF-16 units, never half a surrogate pair. */
function cut(text: string, chars: number): string {
  if (text.length <= chars) return text
  const lead = text.charCodeAt(chars - 1)
  return text.slice(0, lead >= 0xd800 && lead < 0xdc00 ? chars - 1 : chars)
}
