import { readFile, writeFile } from 'node:fs/promises'
import * as v from 'valibot'
import { ShoalError } from '../../protocol/errors.ts'
import { TAGS, TAGS_VERSION, type Tag, type TagRules } from '../../protocol/rules/tags.ts'
import type { Scorer } from '../components.ts'

type Model = Scorer['model']

/** Of one tag, what its threshold does with the pictures it was measured on; null where nothing could be measured. */
export interface Measured {
  positives: number
  negatives: number
  precision: number | null
  recall: number | null
}

/** Thresholds, and how they came about. */
export interface TagsFile extends TagRules {
  /** which they hold for */
  model: Model
  measured: { [name in Tag]?: Measured }
}

const score = v.nullable(v.pipe(v.number(), v.minValue(-2), v.maxValue(2)))
const Schema = v.looseObject({
  version: v.literal(TAGS_VERSION),
  model: v.looseObject({ files: v.array(v.looseObject({ path: v.string(), sha256: v.string() })) }),
  thresholds: v.strictObject(
    Object.fromEntries(TAGS.map((tag) => [tag, v.optional(score, null)])) as Record<
      Tag,
      v.OptionalSchema<typeof score, null>
    >,
  ),
})

/**
 * Thresholds that `shoal tags calibrate` wrote. A tag that is left out is not told.
 *
 * @param model - that they must have been measured with; they mean nothing to any other
 * @throws ShoalError `tags_file`, `tags_model`
 */
export async function readTags(path: string, model: Model): Promise<TagRules> {
  const refuse = (what: string, cause?: unknown) =>
    new ShoalError('tags_file', `${path}: ${what}: make it with \`shoal tags calibrate\``, { cause })
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw refuse(`can't be read (${cause.message})`, cause)
  })
  let parsed: v.SafeParseResult<typeof Schema>
  try {
    parsed = v.safeParse(Schema, JSON.parse(text))
  } catch (cause) {
    throw refuse((cause as Error).message, cause)
  }
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw refuse(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`)
  }
  const { version, thresholds, model: measured } = parsed.output
  const isOwn = measured.files.every(({ path: name, sha256 }) =>
    model.files.some((file) => file.path === name && file.sha256 === sha256),
  )
  if (!isOwn || measured.files.length === 0)
    throw new ShoalError(
      'tags_model',
      `${path}: its thresholds were measured with another model than ${model.repo}: calibrate again with this one`,
    )
  return { version, thresholds }
}

export async function writeTags(path: string, file: TagsFile): Promise<void> {
  await writeFile(path, `${JSON.stringify(file, null, 2)}\n`)
}
