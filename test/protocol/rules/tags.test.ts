import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isFit, PROFILES, type ProfiledRow } from '../../../protocol/rules/profiles.ts'
import { CONCEPTS, judgeTags, TAGS, tagDirection, tagScore } from '../../../protocol/rules/tags.ts'
import { readCases } from '../read-vectors.ts'

type Case =
  | { tag: (typeof TAGS)[number]; texts: object }
  | { positive: number[][]; neutral: number[][]; embedding: number[]; score: number }
  | { tags: string[]; outcome: string | null }
  | { row: ProfiledRow; profiles: string[] }

const tags = suite('tags and profiles')

for (const one of readCases<Case>('tags'))
  tags(one.comment, () => {
    if ('texts' in one) assert.equal(CONCEPTS[one.tag], one.texts)
    else if ('score' in one) {
      const direction = tagDirection(one.positive, one.neutral)
      assert.ok(Math.abs(tagScore(direction, one.embedding) - one.score) < 1e-12)
    } else if ('outcome' in one) assert.is(judgeTags(one.tags), one.outcome)
    else
      assert.equal(
        PROFILES.filter((profile) => isFit(profile, one.row)),
        one.profiles,
      )
  })

tags('each has texts', () => {
  for (const tag of TAGS) assert.ok(CONCEPTS[tag].positive.length > 0 && CONCEPTS[tag].neutral.length > 0)
})

tags.run()
