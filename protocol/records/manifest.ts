import type { CID } from 'multiformats/cid'
import * as v from 'valibot'
import { cidOf, decode, encode } from '../codec.ts'
import { MAX_INDEX, MAX_LABEL_BYTES, MAX_SHARD_FILES } from '../limits.ts'
import { OUTCOMES, type Outcome } from '../outcomes.ts'
import { fileLink, integer, line, link, list, map, validate } from './fields.ts'

const count = integer(0, MAX_INDEX)
const OUTCOME_NAMES = Object.keys(OUTCOMES) as Outcome[]

const Counts = v.pipe(
  map({
    records: count,
    responses: count,
    htmlPages: count,
    /** records stepped over because they were malformed or truncated */
    badRecords: count,
    /** `<img>` tags seen, with or without alt */
    imgs: count,
    candidates: count,
    pairs: count,
    // candidates by outcome; one that is absent is 0
    ...(Object.fromEntries(OUTCOME_NAMES.map((name) => [name, v.optional(count)])) as Record<
      Outcome,
      v.OptionalSchema<typeof count, undefined>
    >),
  }),
  v.check(
    (counts) => OUTCOME_NAMES.reduce((sum, name) => sum + (counts[name] ?? 0), 0) === counts.candidates,
    'the outcomes do not add up to the candidates',
  ),
  v.check((counts) => (counts.kept ?? 0) === counts.pairs, 'kept and pairs differ'),
)

const File = map({
  /** it becomes a file's name on the reader's disk */
  name: v.pipe(v.string(), v.maxBytes(MAX_LABEL_BYTES), v.regex(/^[a-z0-9][a-z0-9._-]*$/)),
  cid: fileLink,
  bytes: integer(0),
  rows: integer(0, MAX_INDEX),
})

const ManifestSchema = v.pipe(
  map({
    /** id of the campaign's record */
    campaign: link('dag-cbor'),
    segment: integer(0, MAX_INDEX),
    /** `pipelineId` of the campaign's pipeline */
    pipeline: link('dag-cbor'),
    files: list(File, { min: 2, max: MAX_SHARD_FILES }, ({ name }) => name),
    counts: Counts,
    /** what scored, as tolerances go by it: `cpu/fp32` */
    deviceClass: line(MAX_LABEL_BYTES),
    /** what produced it: `shoal/0.1.0` */
    software: line(MAX_LABEL_BYTES),
    /** the producer's earlier manifest of this segment, which this one replaces, or null */
    previous: v.nullable(link('dag-cbor')),
    /** milliseconds since 1970 */
    produced: v.pipe(
      map({ startedAt: integer(0), finishedAt: integer(0) }),
      v.check(({ startedAt, finishedAt }) => startedAt <= finishedAt, 'it ends before it starts'),
    ),
  }),
  v.check(
    ({ files, counts }) => hasRows(files, 'pairs.parquet', counts.pairs),
    'pairs.parquet is missing, or its rows are not the counted pairs',
  ),
  v.check(
    ({ files, counts }) => hasRows(files, 'outcomes.parquet', counts.candidates),
    'outcomes.parquet is missing, or its rows are not the counted candidates',
  ),
)

function hasRows(files: { name: string; rows: number }[], name: string, rows: number): boolean {
  return files.some((file) => file.name === name && file.rows === rows)
}

/** The block a shard record points to: the shard's files, and what happened on the way to them. */
export type Manifest = v.InferOutput<typeof ManifestSchema>

/** @throws ShoalError `manifest_field`, `manifest_unknown_field` */
export function makeManifest(manifest: Manifest): { bytes: Uint8Array; cid: CID } {
  const bytes = encode(validate('manifest', ManifestSchema, manifest))
  return { bytes, cid: cidOf(bytes) }
}

/** @throws ShoalError `codec_*`, `manifest_field`, `manifest_unknown_field` */
export function decodeManifest(bytes: Uint8Array): Manifest {
  return validate('manifest', ManifestSchema, decode(bytes))
}
