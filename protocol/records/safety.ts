import * as v from 'valibot'
import {
  MAX_HEAD_BYTES,
  MAX_HEAD_CLASSES,
  MAX_HEAD_SIDE,
  MAX_HEADS,
  MAX_LABEL_BYTES,
  MAX_MODEL_FILE_BYTES,
} from '../limits.ts'
import { TAGS, TAGS_VERSION } from '../rules/tags.ts'
import { integer, isMap, line, list, map, real, sha256Hex, validate } from './fields.ts'

const label = line(MAX_LABEL_BYTES)
const probability = real(0, 1)
const side = integer(1, MAX_HEAD_SIDE)
const triple = (least: number, most: number) =>
  v.strictTuple([real(least, most), real(least, most), real(least, most)])

const Tags = map({
  version: v.literal(TAGS_VERSION),
  /** least difference of the two cosines; null: the tag is not told by the embedding */
  thresholds: map(
    Object.fromEntries(TAGS.map((tag) => [tag, v.nullable(real(-2, 2))])) as Record<
      (typeof TAGS)[number],
      v.NullableSchema<ReturnType<typeof real>, undefined>
    >,
  ),
})

/** How a picture goes into a head: 8 bits a channel, as `(byte / 255 - mean) / std` in float32. */
const View = map({
  width: side,
  height: side,
  /** `stretch`: both edges to the size; `crop`: the middle, of the greatest such part; `pad`: all of it, black beside */
  fit: v.picklist(['stretch', 'crop', 'pad']),
  layout: v.picklist(['nhwc', 'nchw']),
  /** red, green, blue */
  mean: triple(-1, 2),
  std: triple(1e-6, 1000),
})

const file = map({ sha256: sha256Hex, bytes: integer(1, MAX_HEAD_BYTES) })

const Classifier = v.pipe(
  map({
    kind: v.literal('classifier'),
    /** for people; no two heads of a campaign have the same */
    name: label,
    file,
    /** null: the L2-normalised image embedding of the campaign's model */
    view: v.nullable(View),
    /** name of the graph's output, float32 [1, classes], and what makes it probabilities */
    output: label,
    activation: v.picklist(['none', 'sigmoid', 'softmax']),
    classes: list(label, { min: 1, max: MAX_HEAD_CLASSES }),
    /** classes whose probabilities together are a tag's, which a picture has from `threshold` on */
    reads: list(
      map({
        tag: v.picklist(TAGS),
        classes: list(label, { min: 1, max: MAX_HEAD_CLASSES }),
        threshold: probability,
      }),
      { min: 1, max: TAGS.length },
      ({ tag }) => tag,
    ),
  }),
  v.check(
    ({ classes, reads }) => reads.every((read) => read.classes.every((name) => classes.includes(name))),
    'it reads a class that it has not',
  ),
)

/** A detector with anchors of one size, such as BlazeFace (https://arxiv.org/abs/1907.05047). */
const Faces = map({
  kind: v.literal('faces'),
  name: label,
  file,
  view: View,
  /** names of the graph's outputs: float32 [1, anchors, 4 or more] and [1, anchors, 1] */
  boxes: label,
  scores: label,
  /** an anchor lies in the middle of each field of a grid, `each` of them, grid after grid, row after row */
  grids: list(map({ stride: side, each: integer(1, 64) }), { min: 1, max: 8 }, ({ stride }) => stride),
  /** least probability of a face, the logistic function of its score */
  threshold: probability,
})

const Head = v.lazy((value) =>
  isMap(value) && value.kind === 'faces' ? Faces : Classifier,
) as v.GenericSchema<unknown, v.InferOutput<typeof Classifier> | v.InferOutput<typeof Faces>>

/** What a campaign has looked for in pictures, besides blocklists, which are each node's own. */
export const SafetySchema = map({
  tags: v.nullable(Tags),
  heads: v.pipe(
    list(Head, { max: MAX_HEADS }, ({ name }) => name),
    v.check((heads) => heads.filter(({ kind }) => kind === 'faces').length <= 1, 'two of them count faces'),
    v.check(
      (heads) => heads.reduce((sum, head) => sum + head.file.bytes, 0) <= MAX_MODEL_FILE_BYTES,
      'they are too large together',
    ),
  ),
})

export type Safety = v.InferOutput<typeof SafetySchema>
export type Head = Safety['heads'][number]
export type ClassifierHead = Extract<Head, { kind: 'classifier' }>
export type FacesHead = Extract<Head, { kind: 'faces' }>
export type HeadView = v.InferOutput<typeof View>

/** Of campaigns that look for nothing. */
export const NO_SAFETY: Safety = { tags: null, heads: [] }

/** @throws ShoalError `head_field`, `head_unknown_field` */
export function checkHead(value: unknown): Head {
  return validate('head', Head, value)
}
