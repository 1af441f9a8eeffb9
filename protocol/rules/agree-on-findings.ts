/** What a row says was found in its picture, by the names of its columns. */
export interface SaidFindings {
  tags: readonly string[]
  nsfw: number | null
  watermark: number | null
  faces: number | null
}

/** The same as the verifier found it. */
export interface SeenFindings extends SaidFindings {
  /** of the faces that were found, their probabilities */
  faceScores: readonly number[]
  /** least probability of a face; null where nobody looks for any */
  faceThreshold: number | null
  /** how far each thing that tells a tag is above its threshold, or below */
  margins: readonly { tag: string; by: 'embedding' | 'head'; margin: number }[]
}

/**
 * How far two honest probabilities of one picture may be apart: its view is made by a decoder and a resize that may round
 * otherwise, and steep where a classifier is unsure.
 */
const HEAD_STRAY = 0.05

interface Strays {
  embedding: number
  head: number
}

/**
 * @param tolerance - of a cosine, of which a tag's score is the difference of two
 * @param share - of what is allowed
 */
export function straysOf(tolerance: number, share: number): Strays {
  return { embedding: 2 * tolerance * share, head: HEAD_STRAY * share }
}

/**
 * Whether a row's tags, probabilities and faces are those of its picture.
 *
 * A tag is told apart from its absence only where what tells it is clear of its threshold: by more than
 * honest devices stray. Faces that are clear have to be counted; more of them than
 * are there withhold nothing from anybody.
 *
 * @param strays - how far honest ones may be apart: a tag's score by the embedding, and a head's probability
 */
export function agreeOnFindings(said: SaidFindings, seen: SeenFindings, strays: Strays): boolean {
  const tags = new Set([...said.tags, ...seen.tags, ...seen.margins.map(({ tag }) => tag)])
  return (
    [...tags].every((tag) => agreeOnTag(tag, said, seen, strays)) &&
    isNear(said.nsfw, seen.nsfw, strays) &&
    isNear(said.watermark, seen.watermark, strays) &&
    agreeOnFaces(said.faces, seen, strays)
  )
}

function agreeOnTag(tag: string, said: SaidFindings, seen: SeenFindings, strays: Strays): boolean {
  if (said.tags.includes(tag) === seen.tags.includes(tag)) return true
  const own = seen.margins.filter((one) => one.tag === tag)
  const isClearlyThere = own.some(({ by, margin }) => margin > strays[by])
  const isClearlyAbsent = own.every(({ by, margin }) => margin < -strays[by])
  return said.tags.includes(tag) ? !isClearlyAbsent : !isClearlyThere
}

function isNear(said: number | null, seen: number | null, { head }: Strays): boolean {
  if (said === null || seen === null) return said === seen
  return Math.abs(said - seen) <= head
}

function agreeOnFaces(
  said: number | null,
  { faces, faceScores, faceThreshold }: SeenFindings,
  { head }: Strays,
): boolean {
  if (said === null || faces === null || faceThreshold === null) return said === faces
  return said >= faceScores.filter((score) => score > faceThreshold + head).length
}
