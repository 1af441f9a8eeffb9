import type { SaidRow, SeenImage } from '../../protocol/rules/agree.ts'
import { image, seen } from './agree-image.ts'
import { kept } from './agree-page.ts'

/** The same picture, in which the verifier finds something else. */
const found = (changes: Partial<NonNullable<SeenImage['findings']>>): SeenImage => ({
  ...seen,
  findings: { ...seen.findings!, ...changes },
})
const saying = (changes: Partial<NonNullable<SaidRow['pair']>>): SaidRow => ({
  ...kept,
  pair: { ...kept.pair!, ...changes },
})

/** Tags, probabilities and faces of a row's image. */
export function findingCases(): unknown[] {
  const margin = (by: 'head' | 'embedding', margin: number) => [{ tag: 'medical', by, margin }] as const
  const medical = (by: 'head' | 'embedding', stray: number) =>
    found({ tags: ['medical'], margins: [...margin(by, stray)] })
  const notMedical = (by: 'head' | 'embedding', stray: number) => found({ margins: [...margin(by, stray)] })
  return [
    image('another tag', kept, medical('embedding', 0.03125), 'forged', 'row_findings'),
    image('another tag, nearly within what devices differ by', kept, medical('embedding', 0.0015), 'alike'),
    image('another tag, near its threshold', kept, medical('embedding', 0.0009), 'match'),
    image('another tag by a head', kept, medical('head', 0.0625), 'forged', 'row_findings'),
    image('another tag by a head, near its threshold', kept, medical('head', 0.01), 'match'),
    image(
      'a tag too many',
      saying({ tags: ['medical'] }),
      notMedical('head', -0.25),
      'forged',
      'row_findings',
    ),
    image(
      'a tag too many, near its threshold',
      saying({ tags: ['medical'] }),
      notMedical('head', -0.01),
      'match',
    ),
    image('a tag that nothing tells', saying({ tags: ['gore'] }), seen, 'forged', 'row_findings'),
    image(
      'a tag that one of two tells',
      kept,
      found({
        ...{ tags: ['medical'], margins: [...margin('head', -0.5), ...margin('embedding', 0.25)] },
      }),
      'forged',
      'row_findings',
    ),
    image('another probability', saying({ nsfw: 0.125 }), seen, 'forged', 'row_findings'),
    image('nearly the probability', saying({ nsfw: 0.2265625 }), seen, 'match'),
    image('no probability', saying({ nsfw: null }), seen, 'forged', 'row_findings'),
    image('a probability that nobody told', saying({ watermark: 0.5 }), seen, 'forged', 'row_findings'),
    image('a face too few', saying({ faces: 1 }), seen, 'forged', 'row_findings'),
    image(
      'a face too few, that is hardly one',
      saying({ faces: 1 }),
      found({ faceScores: [0.96875, 0.515625] }),
      'match',
    ),
    image('a face too many', saying({ faces: 3 }), seen, 'match'),
    image('faces that nobody counted', saying({ faces: null }), seen, 'forged', 'row_findings'),
    image('nobody has looked', saying({ tags: ['gore'] }), { ...seen, findings: null }, 'match'),
  ]
}
