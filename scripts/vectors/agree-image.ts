import type { SaidRow, SeenImage } from '../../protocol/rules/agree.ts'
import { kite, spell } from './agree-page.ts'

/** The image of a kept row, as the verifier sees it. */
export const seen: SeenImage = {
  outcome: 'kept',
  isArchived: false,
  image: kite,
  score: { similarity: 0.3125, embedding: [0.6, 0.8] },
  findings: {
    ...{ tags: [], nsfw: 0.25, watermark: null, faces: 2, faceScores: [0.96875, 0.875], faceThreshold: 0.5 },
    margins: [
      { tag: 'nudity', by: 'head', margin: -0.5 },
      { tag: 'medical', by: 'embedding', margin: -0.125 },
    ],
  },
}

/** What is expected of a row's image. */
export function image(
  comment: string,
  said: SaidRow,
  seen: SeenImage,
  finding: string,
  code: string | null = null,
  devices: { producerDevice?: string; verifierDevice?: string } = {},
) {
  const terms = {
    tolerances: { full: 0.001, reduced: 0.005, reencoded: 0.02 },
    producerDevice: 'cpu/fp32',
    verifierDevice: 'cuda/fp32',
    threshold: 0.28125 + 1 / 2048,
    ...devices,
  }
  const spelt = { ...seen, image: seen.image && { ...seen.image, pdq: seen.image.pdq ?? null } }
  return { comment: `image: ${comment}`, said: spell(said), seen: spelt, terms, agreement: { finding, code } }
}
