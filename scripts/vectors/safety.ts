import type { Safety } from '../../protocol/records/safety.ts'
import { TAGS, TAGS_VERSION, type TagRules } from '../../protocol/rules/tags.ts'

export function safetyFields(): Safety {
  const thresholds = Object.fromEntries(TAGS.map((tag, i) => [tag, i % 2 === 0 ? null : i / 16]))
  return {
    tags: { version: TAGS_VERSION, thresholds: thresholds as TagRules['thresholds'] },
    heads: [
      {
        kind: 'classifier',
        name: 'adult content',
        file: { sha256: 'ef'.repeat(32), bytes: 2_700_000 },
        view: {
          ...{ width: 224, height: 224, fit: 'stretch', layout: 'nhwc' },
          ...{ mean: [0, 0, 0], std: [1, 1, 1] },
        },
        ...{ output: 'probs', activation: 'none', classes: ['drawing', 'neutral', 'porn', 'sexy'] },
        reads: [{ tag: 'nudity', classes: ['porn', 'sexy'], threshold: 0.75 }],
      },
      {
        kind: 'classifier',
        name: 'watermarks',
        file: { sha256: '01'.repeat(32), bytes: 10_000 },
        view: null,
        ...{ output: 'logits', activation: 'sigmoid', classes: ['watermark'] },
        reads: [{ tag: 'watermark', classes: ['watermark'], threshold: 0.5 }],
      },
      {
        kind: 'faces',
        name: 'faces',
        file: { sha256: '23'.repeat(32), bytes: 400_000 },
        view: {
          ...{ width: 128, height: 128, fit: 'pad', layout: 'nhwc' },
          ...{ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
        },
        ...{ boxes: 'regressors', scores: 'classificators' },
        grids: [
          { stride: 8, each: 2 },
          { stride: 16, each: 6 },
        ],
        threshold: 0.5,
      },
    ],
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a fault may be of any type
const HEAD_FAULTS: [string, (heads: any[]) => void, string?][] = [
  ['it reads a class that it has not', ([one]) => (one.reads[0].classes = ['cats'])],
  ['it reads a tag nobody knows', ([one]) => (one.reads[0].tag = 'cats')],
  ['it reads nothing', ([one]) => (one.reads = [])],
  ['a threshold above 1', ([one]) => (one.reads[0].threshold = 1.5)],
  ['a class twice', ([one]) => one.classes.push('porn')],
  ['of a kind nobody knows', ([one]) => (one.kind = 'oracle')],
  ['two of one name', ([one, two]) => (two.name = one.name)],
  ['two that count faces', (heads) => heads.push({ ...heads[2], name: 'more faces' })],
  ['oversize: a view of 1,025 pixels', ([one]) => (one.view.width = 1025)],
  ['a deviation of nothing', ([one]) => (one.view.std = [1, 0, 1])],
  ['two channels', ([one]) => (one.view.mean = [0, 0])],
  ['four channels', ([one]) => (one.view.mean = [0, 0, 0, 0])],
  ['faces without a picture', (heads) => (heads[2].view = null)],
  ['oversize: a file of 2 GiB', ([one]) => (one.file.bytes = 2 ** 31)],
  ['unknown field', ([one]) => (one.url = 'https://example.org/'), 'campaign_unknown_field'],
]

/** What makes a campaign's `safety` invalid. */
// biome-ignore lint/suspicious/noExplicitAny: a fault may be of any type
export const SAFETY_FAULTS: [string, (safety: any) => void, string?][] = [
  ['tags: texts of another version', ({ tags }) => (tags.version = 2)],
  ['tags: one without a threshold', ({ tags }) => delete tags.thresholds.minor],
  ...HEAD_FAULTS.map(([comment, change, error]): (typeof SAFETY_FAULTS)[number] => [
    `head: ${comment}`,
    ({ heads }) => change(heads),
    error,
  ]),
]
