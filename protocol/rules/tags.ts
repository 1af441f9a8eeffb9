import type { Outcome } from '../outcomes.ts'

/**
 * What a picture can be tagged as: by where its embedding lies between a concept's texts and neutral ones, as in
 * zero-shot classification with CLIP (Radford et al. 2021, https://arxiv.org/abs/2103.00020), or by a head that the
 * campaign names. The order is that of a row's `tags`.
 */
export const TAGS = [
  'nudity',
  'gore',
  'hate_symbol',
  'minor',
  'person',
  'medical',
  'identity_document',
  'watermark',
  'screenshot',
] as const

export type Tag = (typeof TAGS)[number]

/** Of CONCEPTS. Thresholds hold for the texts they were measured with: other texts are another version. */
export const TAGS_VERSION = 1

/**
 * The least score of each tag; null: it is not told. Whoever names thresholds has measured them with the campaign's model:
 * there are none that fit any other.
 */
export interface TagRules {
  version: typeof TAGS_VERSION
  thresholds: { [name in Tag]: number | null }
}

/** Texts that a concept's pictures are close to, and texts of pictures that are alike but for the concept. */
export const CONCEPTS: {
  readonly [name in Tag]: { positive: readonly string[]; neutral: readonly string[] }
} = {
  nudity: {
    positive: ['a photo of a naked person', 'nudity', 'a pornographic picture', 'explicit adult content'],
    neutral: ['a photo of a dressed person', 'a picture', 'a photo of people', 'a portrait'],
  },
  gore: {
    positive: ['gore', 'a bloody wound', 'a dead body', 'a photo of violence with blood'],
    neutral: ['a picture', 'red paint', 'a photo of people', 'a photo of food'],
  },
  hate_symbol: {
    positive: ['a swastika', 'a nazi flag', 'a hate symbol', 'members of the ku klux klan in white robes'],
    neutral: ['a logo', 'a flag', 'a symbol', 'a group of people'],
  },
  minor: {
    positive: [
      'a photo of a child',
      'a photo of a baby',
      'a photo of a young girl',
      'a photo of a young boy',
    ],
    neutral: ['a photo of an adult', 'a photo of a woman', 'a photo of a man', 'a picture'],
  },
  person: {
    positive: ['a photo of a person', 'a photo of people', 'a portrait', 'a face'],
    neutral: ['a photo of a place', 'a photo of an object', 'a photo of an animal', 'a drawing'],
  },
  medical: {
    positive: [
      'an x-ray image',
      'a medical scan',
      'a photo of a patient for a doctor',
      'a picture of a disease',
    ],
    neutral: ['a picture', 'a black and white photo', 'a photo of a person', 'a photo of skin'],
  },
  identity_document: {
    positive: ['a passport', 'an identity card', "a driver's license", 'a photo of an identity document'],
    neutral: ['a business card', 'a page of a book', 'a form', 'a picture with text'],
  },
  watermark: {
    positive: ['a picture with a watermark', 'a stock photo with a watermark across it'],
    neutral: ['a picture', 'a stock photo'],
  },
  screenshot: {
    positive: ['a screenshot', 'a screenshot of a website', 'a screenshot of a phone'],
    neutral: ['a photo', 'a picture', 'a photo of a phone'],
  },
}

/**
 * The direction along which a concept is measured: the mean of the embeddings of its texts, made a unit long again, less
 * that of the neutral ones. An image's score is its embedding's dot product with it, the difference of two cosines.
 *
 * @param positive - L2-normalised embeddings of the texts of `positive`. @param neutral - of the others
 */
export function tagDirection(
  positive: readonly ArrayLike<number>[],
  neutral: readonly ArrayLike<number>[],
): Float64Array {
  const [towards, away] = [meanOf(positive), meanOf(neutral)]
  return towards.map((value, i) => value - away[i]!)
}

/** The difference of two cosines, -2 to 2. @param embedding - L2-normalised, the image's */
export function tagScore(direction: ArrayLike<number>, embedding: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < direction.length; i++) sum += direction[i]! * embedding[i]!
  return sum
}

function meanOf(embeddings: readonly ArrayLike<number>[]): Float64Array {
  const mean = new Float64Array(embeddings[0]!.length)
  for (const embedding of embeddings) for (let i = 0; i < mean.length; i++) mean[i]! += embedding[i]!
  const length = Math.hypot(...mean)
  return mean.map((value) => value / length)
}

/** Why a picture with these tags does not go into the dataset, whatever the campaign; or null. */
export function judgeTags(tags: readonly string[]): Outcome | null {
  if (tags.includes('nudity') && tags.includes('minor')) return 'withheld'
  return tags.includes('medical') || tags.includes('identity_document') ? 'quarantined' : null
}
