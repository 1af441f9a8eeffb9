import * as v from 'valibot'
import { MAX_IMAGE_BYTES, MAX_IMAGE_SIDE, MAX_INDEX, MAX_RULE_CHARS, MAX_RULE_ENTRIES } from '../limits.ts'
import type { FilterRules } from '../rules/filter.ts'
import { integer, isMap, list, map, real } from './fields.ts'

const LANGUAGE = /^[a-z]{2,3}$/
const language = v.pipe(v.string(), v.regex(LANGUAGE))
const cosine = real(-1, 1)

/** A campaign's filter rules, as they stand in its record. */
export const FilterRulesSchema = map({
  text: v.pipe(
    map({
      minChars: integer(0, MAX_RULE_CHARS),
      maxChars: integer(1, MAX_RULE_CHARS),
      minWords: integer(0, MAX_RULE_CHARS),
      languages: v.nullable(list(language, { min: 1, max: MAX_RULE_ENTRIES })),
    }),
    v.check(({ minChars, maxChars }) => minChars <= maxChars, 'minChars is above maxChars'),
  ),
  url: map({
    maxChars: integer(1, MAX_RULE_CHARS),
    refusedExtensions: list(v.pipe(v.string(), v.regex(/^[a-z0-9]{1,10}$/)), { max: MAX_RULE_ENTRIES }),
  }),
  image: map({
    minBytes: integer(0, MAX_IMAGE_BYTES),
    maxPixels: integer(1, MAX_INDEX),
    formats: list(v.picklist(['jpeg', 'png', 'webp', 'gif']), { min: 1, max: 4 }),
    minSide: integer(0, MAX_IMAGE_SIDE),
    maxAspect: v.nullable(real(1, MAX_IMAGE_SIDE)),
  }),
  similarity: map({
    default: cosine,
    languages: v.pipe(
      v.custom<Record<string, number>>(
        // the keys first: valibot's record passes over some, such as __proto__, in silence
        (value) =>
          isMap(value) &&
          Object.keys(value).length <= MAX_RULE_ENTRIES &&
          Object.keys(value).every((name) => LANGUAGE.test(name)),
        `it must be a map of at most ${MAX_RULE_ENTRIES} language codes`,
      ),
      v.record(v.string(), cosine),
    ),
  }),
}) satisfies v.GenericSchema<unknown, FilterRules>
