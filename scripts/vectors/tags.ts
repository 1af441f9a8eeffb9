import { PROFILES, type Profile, type ProfiledRow } from '../../protocol/rules/profiles.ts'
import { CONCEPTS, TAGS, TAGS_VERSION } from '../../protocol/rules/tags.ts'

/** What is expected is written by hand, but for the texts. */
export function tagCases(): unknown[] {
  const judged = (tags: string[], outcome: string | null) => ({
    comment: `outcome: ${tags.join(' and ') || 'nothing'}`,
    ...{ tags, outcome },
  })
  const fit = (comment: string, row: Partial<ProfiledRow>, profiles: readonly Profile[]) => ({
    comment: `profiles: ${comment}`,
    ...{ row: { tags: [], nsfw: null, faces: null, ...row }, profiles },
  })
  return [
    ...TAGS.map((tag) => ({ comment: `texts: ${tag}`, version: TAGS_VERSION, tag, texts: CONCEPTS[tag] })),
    {
      ...{ comment: 'score: along one of two texts', positive: [[1, 0]], neutral: [[0, 1]] },
      ...{ embedding: [1, 0], score: 1 },
    },
    {
      comment: 'score: the mean is made a unit long again',
      positive: [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
      ],
      ...{ neutral: [[1, 0, 0, 0]], embedding: [1, 0, 0, 0], score: -0.5 },
    },
    judged([], null),
    judged(['nudity'], null),
    judged(['minor', 'person', 'watermark'], null),
    judged(['nudity', 'minor'], 'withheld'),
    judged(['nudity', 'minor', 'medical'], 'withheld'),
    judged(['medical'], 'quarantined'),
    judged(['identity_document', 'screenshot'], 'quarantined'),
    fit('nothing found', {}, PROFILES),
    fit('marked pictures', { tags: ['watermark', 'screenshot'], nsfw: 0.49, faces: 0 }, PROFILES),
    fit('half likely', { nsfw: 0.5 }, ['research']),
    ...['nudity', 'gore', 'hate_symbol'].map((tag) => fit(tag, { tags: [tag] }, ['research'])),
    ...['person', 'minor'].map((tag) => fit(tag, { tags: [tag] }, ['research', 'safe'])),
    fit('a face', { faces: 1 }, ['research', 'safe']),
    fit('a medical picture', { tags: ['medical'] }, []),
    fit('an identity document', { tags: ['identity_document'] }, []),
    fit('nudity and a minor', { tags: ['nudity', 'minor'] }, []),
  ]
}
