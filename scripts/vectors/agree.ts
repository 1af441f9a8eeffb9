import type { SeenImage } from '../../protocol/rules/agree.ts'
import { accusationCases } from './agree-accusation.ts'
import { findingCases } from './agree-findings.ts'
import { image, seen } from './agree-image.ts'
import { dropped, ended, kept, kite, pageCases } from './agree-page.ts'

const gone = (outcome: SeenImage['outcome']): SeenImage => ({
  outcome,
  isArchived: false,
  image: null,
  score: null,
  findings: null,
})
const scored = (
  similarity: number,
  outcome: SeenImage['outcome'] = 'kept',
  image: Partial<typeof kite> = {},
): SeenImage => ({
  ...seen,
  outcome,
  image: { ...kite, ...image },
  score: { similarity, embedding: [0.6, 0.8] },
})
const other = { sha256: '9'.repeat(64), md5: '8'.repeat(32), width: 320, height: 240 }
const archived = (one: SeenImage): SeenImage => ({ ...one, isArchived: true })
const bitsOff = (bits: number) =>
  ((0xfn ^ ((1n << BigInt(bits)) - 1n)) as bigint).toString(16).padStart(64, '0')

/** What is expected is written by hand: finding, code. */
export function agreeCases(): unknown[] {
  return [
    ...pageCases(),
    ...accusationCases(),
    image('the same', kept, seen, 'match'),
    image('another score', kept, scored(0.3145), 'forged', 'row_score'),
    image('half a tolerance off', kept, scored(0.3125 + 1 / 2048), 'match'),
    image('nearly a tolerance off', kept, scored(0.3125 - 15 / 16384), 'alike'),
    image('another score, within what fp16 allows', kept, scored(0.3145), 'match', null, {
      verifierDevice: 'cuda/fp16',
    }),
    image('another score, beyond what fp16 allows', kept, scored(0.3185), 'forged', 'row_score', {
      producerDevice: 'cuda/fp16',
    }),
    image('another score, within what WebGPU allows', kept, scored(0.3145), 'match', null, {
      producerDevice: 'webgpu/fp32',
    }),
    image('a score of WebGPU beyond what two of them allow', kept, scored(0.3185), 'forged', 'row_score', {
      producerDevice: 'webgpu/fp32',
      verifierDevice: 'webgpu/fp32',
    }),
    image('another score of another fp32', kept, scored(0.3145), 'forged', 'row_score', {
      producerDevice: 'cuda/fp32',
    }),
    ...findingCases(),
    image('int8 against fp32 says nothing', kept, scored(0.9), 'unverifiable', 'device_unlike', {
      producerDevice: 'cpu/int8',
    }),
    image('int8 within its class', kept, scored(0.3145), 'match', null, {
      producerDevice: 'cpu/int8',
      verifierDevice: 'cpu/int8',
    }),
    image('int8 of another class', kept, scored(0.3145), 'unverifiable', 'device_unlike', {
      producerDevice: 'arm/int8',
      verifierDevice: 'cpu/int8',
    }),
    image('q4 against fp32 says nothing', kept, scored(0.9), 'unverifiable', 'device_unlike', {
      producerDevice: 'cpu/q4',
    }),
    image('q4 within its class', kept, scored(0.3185), 'forged', 'row_score', {
      producerDevice: 'cpu/q4',
      verifierDevice: 'cpu/q4',
    }),
    image('a score that is no number', { ...kept, similarity: NaN }, seen, 'forged', 'row_score'),
    image(
      'another md5',
      { ...kept, pair: { ...kept.pair!, md5: '3'.repeat(32) } },
      seen,
      'forged',
      'row_hash',
    ),
    image('another size', { ...kept, pair: { ...kept.pair!, width: 641 } }, seen, 'forged', 'row_size'),
    image('a PDQ 10 bits off', { ...kept, pdq: bitsOff(10) }, seen, 'match'),
    image('a PDQ 11 bits off', { ...kept, pdq: bitsOff(11) }, seen, 'forged', 'row_hash'),
    image('no PDQ, of a picture with enough detail', { ...kept, pdq: null }, seen, 'forged', 'row_hash'),
    image(
      'no PDQ, of a picture with hardly enough detail',
      { ...kept, pdq: null },
      scored(0.3125, 'kept', { pdqQuality: 55 }),
      'match',
    ),
    image('a PDQ that is none', { ...kept, pdq: 'f' }, seen, 'forged', 'row_hash'),
    image(
      'an embedding turned round',
      { ...kept, pair: { ...kept.pair!, embedding: [0.8, 0.6] } },
      seen,
      'forged',
      'row_embedding',
    ),
    image(
      'an embedding of another length',
      { ...kept, pair: { ...kept.pair!, embedding: [0.6, 0.8, 0] } },
      seen,
      'forged',
      'row_embedding',
    ),
    image(
      'an embedding of zeros',
      { ...kept, pair: { ...kept.pair!, embedding: [0, 0] } },
      seen,
      'forged',
      'row_embedding',
    ),
    image(
      'a good pair dropped with its own score',
      { ...kept, outcome: 'similarity', pair: null },
      seen,
      'forged',
      'row_threshold',
    ),
    image(
      'kept below the threshold',
      { ...kept, similarity: 0.25 },
      scored(0.25, 'similarity'),
      'forged',
      'row_threshold',
    ),
    image('dropped by a score that is too low', dropped, seen, 'forged', 'row_score'),
    image(
      'decided otherwise within tolerance of the threshold',
      { ...dropped, similarity: 0.28125 },
      scored(0.28125),
      'match',
    ),
    image(
      'a picture called broken',
      { ...dropped, outcome: 'image_broken', similarity: null },
      seen,
      'forged',
      'row_outcome',
    ),
    image(
      'a small picture',
      { ...dropped, outcome: 'image_side', similarity: null },
      { ...seen, outcome: 'image_side', score: null },
      'match',
    ),

    image('compressed again', kept, scored(0.325, 'kept', other), 'alike'),
    image(
      'compressed again, a PDQ 31 bits off',
      { ...kept, pdq: bitsOff(31) },
      scored(0.325, 'kept', other),
      'alike',
    ),
    image(
      'a PDQ 32 bits off',
      { ...kept, pdq: bitsOff(32) },
      scored(0.3125, 'kept', other),
      'unverifiable',
      'image_changed',
    ),
    image(
      'compressed again, with a score far off',
      kept,
      scored(0.25, 'similarity', other),
      'unverifiable',
      'image_changed',
    ),
    image(
      'compressed again, and near the threshold',
      { ...kept, similarity: 0.2875 },
      scored(0.275, 'similarity', other),
      'alike',
    ),
    image(
      'another picture',
      kept,
      scored(0.1, 'similarity', { ...other, pdq: 'f'.repeat(64) }),
      'unverifiable',
      'image_changed',
    ),
    image(
      'another picture, without a PDQ',
      kept,
      scored(0.31, 'kept', { ...other, pdq: undefined as never }),
      'unverifiable',
      'image_changed',
    ),
    image('gone', kept, gone('http_status'), 'unverifiable', 'image_gone'),
    image('timed out', dropped, gone('fetch_timeout'), 'unverifiable', 'image_gone'),
    image('forbidden by robots.txt since', kept, gone('optout_robots'), 'unverifiable', 'image_optout'),
    image('withheld here', kept, gone('withheld'), 'unverifiable', 'row_private'),
    image(
      'in the archive, and withheld here',
      kept,
      archived(gone('withheld')),
      'unverifiable',
      'row_private',
    ),
    image('forbidden by its own headers since', kept, gone('optout_image'), 'unverifiable', 'image_optout'),
    image(
      'kept in spite of its own metadata',
      kept,
      { ...seen, outcome: 'optout_image', score: null },
      'forged',
      'row_outcome',
    ),
    image(
      'refused for metadata that are not there',
      { ...dropped, outcome: 'optout_image', similarity: null },
      seen,
      'forged',
      'row_outcome',
    ),
    image(
      'refused by its own metadata, then as now',
      { ...dropped, outcome: 'optout_image', similarity: null },
      { ...seen, outcome: 'optout_image', score: null },
      'match',
    ),
    image(
      'other bytes, whose metadata refuse',
      kept,
      { ...scored(0.3125, 'optout_image', other), score: null },
      'unverifiable',
      'image_optout',
    ),
    image('its site opts out since', kept, gone('optout_site'), 'unverifiable', 'image_optout'),
    image('its site opted out, and now does not', ended('optout_site'), seen, 'unverifiable', 'image_back'),
    image('gone, then as now', ended('http_status'), gone('http_status'), 'match'),
    image('gone, in another way', ended('fetch_timeout'), gone('http_status'), 'unverifiable', 'image_gone'),
    image('back', ended('http_status'), seen, 'unverifiable', 'image_back'),
    image('forbidden, and now allowed', ended('optout_robots'), seen, 'unverifiable', 'image_back'),
    image('forbidden, then as now', ended('optout_robots'), gone('optout_robots'), 'match'),
    image(
      'gone, and now forbidden',
      ended('http_status'),
      gone('optout_robots'),
      'unverifiable',
      'image_optout',
    ),

    image('archived: the same', kept, archived(seen), 'match'),
    image('archived: other bytes', kept, archived(scored(0.3125, 'kept', other)), 'forged', 'row_hash'),
    image(
      'archived: kept in spite of its own metadata',
      kept,
      archived({ ...seen, outcome: 'optout_image', score: null }),
      'forged',
      'row_outcome',
    ),
    image('archived: called gone', ended('http_status'), archived(seen), 'forged', 'row_outcome'),
    image('archived: called offline', ended('offline'), archived(seen), 'forged', 'row_outcome'),
    image('archived: an error page kept', kept, archived(gone('http_status')), 'forged', 'row_outcome'),
    image(
      'archived: kept against its own headers',
      kept,
      archived(gone('optout_image')),
      'forged',
      'row_outcome',
    ),
    image(
      'archived: robots.txt is that of today',
      kept,
      archived(gone('optout_robots')),
      'unverifiable',
      'image_optout',
    ),
  ]
}
