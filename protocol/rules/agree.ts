import { PDQ_NEAR, PDQ_QUALITY, PDQ_QUALITY_STRAY, PDQ_SAME } from '../limits.ts'
import { isMasked, type Outcome } from '../outcomes.ts'
import { agreeOnFindings, type SaidFindings, type SeenFindings, straysOf } from './agree-on-findings.ts'
import { toleranceOf } from './device-class.ts'

/**
 * What comes of one row:
 * - `match`: the verifier saw what the producer saw, and it is as the row says
 * - `alike`: nothing speaks against the row, but what was seen is not the same to the byte, or nearly beyond what devices
 *   may differ by: others who see more may find it forged
 * - `unverifiable`: what the row speaks of can't be had now
 * - `forged`: no honest producer could have written it
 */
export const FINDINGS = ['match', 'alike', 'unverifiable', 'forged'] as const

export interface Agreement {
  finding: (typeof FINDINGS)[number]
  /** stable; null where there is nothing to say */
  code: ForgedCode | UnverifiableCode | null
}

type ForgedCode =
  | 'row_absent'
  | 'row_withheld'
  | 'row_url'
  | 'row_text'
  | 'row_outcome'
  | 'row_hash'
  | 'row_size'
  | 'row_score'
  | 'row_threshold'
  | 'row_embedding'
  | 'row_findings'

type UnverifiableCode =
  | 'source_gone'
  | 'row_unchecked'
  | 'image_gone'
  | 'image_changed'
  | 'image_back'
  | 'image_optout'
  | 'row_private'
  | 'device_unlike'

/** What a shard says of one candidate. */
export interface SaidRow {
  url: string
  outcome: Outcome
  /** of an image that was fetched, lower-case hex */
  sha256: string | null
  pdq: string | null
  /** of a pair that was scored */
  similarity: number | null
  /** the candidate's row of `pairs.parquet`, of a kept one alone; the embedding as it stands there, as numbers */
  pair:
    | ({
        text: string
        md5: string
        width: number
        height: number
        embedding: ArrayLike<number>
      } & SaidFindings)
    | null
}

/** A candidate as the verifier reads it from the page, which the archive holds unchanged. */
export interface ReadCandidate {
  url: string
  text: string
  /** where extraction, the text rules or the page's own signals end it; else null */
  outcome: Outcome | null
  /** whether the same came earlier in the segment; null where that was not looked up */
  isDuplicate: boolean | null
}

/** What became of the candidate's image when the verifier fetched, decoded and scored it. */
export interface SeenImage {
  /** where it ended, by the same rules as the producer's */
  outcome: Outcome
  /** whether the segment's own archive holds it, so that it never changes */
  isArchived: boolean
  /** of what was fetched and decoded; lower-case hex */
  image: {
    sha256: string
    md5: string
    pdq: string | null
    pdqQuality: number
    width: number
    height: number
  } | null
  score: { similarity: number; embedding: ArrayLike<number> } | null
  /** null where nobody has looked, since it is not similar enough */
  findings: SeenFindings | null
}

export interface AgreementTerms {
  /** the campaign's */
  tolerances: { full: number; reduced: number; reencoded: number }
  producerDevice: string
  verifierDevice: string
  /** least cosine for the candidate's language */
  threshold: number
}

/** Those that anybody finds who has the page. */
const OF_PAGE: ReadonlySet<Outcome> = new Set<Outcome>([
  'url_invalid',
  'url_scheme',
  'url_long',
  'url_extension',
  'text_short',
  'text_long',
  'text_words',
  'language',
  'optout_page',
  'duplicate',
])
/** Those that anybody finds who has the image's bytes. */
const OF_BYTES: ReadonlySet<Outcome> = new Set<Outcome>([
  'image_small',
  'image_format',
  'image_pixels',
  'image_broken',
  'image_side',
  'image_aspect',
  'similarity',
  'kept',
])
/** Where the bytes are the same: a refusal in the picture's own metadata is one of them, and has the file's hash. */
const OF_FILE: ReadonlySet<Outcome> = new Set<Outcome>([...OF_BYTES, 'optout_image'])
/** Refusals that may have been spoken, or taken back, since. */
const OPTED_OUT: ReadonlySet<Outcome> = new Set<Outcome>(['optout_robots', 'optout_site', 'optout_image'])

const MATCH: Agreement = { finding: 'match', code: null }
const ALIKE: Agreement = { finding: 'alike', code: null }
const forged = (code: ForgedCode): Agreement => ({ finding: 'forged', code })
const unverifiable = (code: UnverifiableCode): Agreement => ({ finding: 'unverifiable', code })

/**
 * Compare what the shard says of a candidate with the page, exactly: pages lie unchanged in the archive.
 *
 * @param said - null where the shard lists no such candidate
 * @param read - null where the page holds no such candidate
 * @returns null where all agrees and the rest depends on the image
 */
export function agreeOnPage(said: SaidRow | null, read: ReadCandidate | null): Agreement | null {
  if (said === null) return forged('row_withheld')
  if (read === null || !isWhole(said)) return forged('row_absent')
  if (isMasked(said.outcome)) return unverifiable('row_private')
  if (said.url !== read.url) return forged('row_url')
  if (said.pair !== null && said.pair.text !== read.text) return forged('row_text')
  if (read.outcome !== null) return read.outcome === said.outcome ? MATCH : forged('row_outcome')
  if (said.outcome === 'duplicate' && read.isDuplicate === null) return unverifiable('row_unchecked')
  if (read.isDuplicate) return said.outcome === 'duplicate' ? MATCH : forged('row_outcome')
  if (OF_PAGE.has(said.outcome)) return forged('row_outcome')
  // what else the producer has crawled is its own affair
  return said.outcome === 'duplicate_elsewhere' ? unverifiable('row_unchecked') : null
}

/**
 * A row that was kept has its pair, one that was scored its score, and the image's hash that makes it provable. One that is
 * masked tells none of it.
 */
function isWhole({ url, outcome, pair, similarity, sha256, pdq }: SaidRow): boolean {
  if (isMasked(outcome))
    return url === '' && pair === null && similarity === null && sha256 === null && pdq === null
  const isScored = outcome === 'kept' || outcome === 'similarity'
  return (outcome === 'kept') === (pair !== null) && (!isScored || (similarity !== null && sha256 !== null))
}

/**
 * Compare what the shard says of a candidate's image with the image as it is now. Only the same bytes prove anything:
 * the web changes, and a hash in a row does not show what was there.
 */
export function agreeOnImage(said: SaidRow, seen: SeenImage, terms: AgreementTerms): Agreement {
  const { image } = seen
  if (isMasked(seen.outcome)) return unverifiable('row_private')
  if (seen.isArchived && !OPTED_OUT_LIVE.has(seen.outcome)) {
    if (image !== null && said.sha256 !== null && image.sha256 !== said.sha256) return forged('row_hash')
    return agreeOnBytes(said, seen, terms)
  }
  if (
    said.sha256 !== null &&
    image?.sha256 === said.sha256 &&
    OF_FILE.has(seen.outcome) &&
    OF_FILE.has(said.outcome)
  )
    return agreeOnBytes(said, seen, terms)
  if (OPTED_OUT.has(seen.outcome) && said.outcome !== seen.outcome) return unverifiable('image_optout')
  if (!OF_BYTES.has(said.outcome)) {
    if (said.outcome === seen.outcome) return MATCH
    return unverifiable(OF_BYTES.has(seen.outcome) ? 'image_back' : 'image_gone')
  }
  if (!OF_BYTES.has(seen.outcome)) return unverifiable('image_gone')
  return isAlike(said, seen, terms) ? ALIKE : unverifiable('image_changed')
}
/** The archive tells of the image's own headers, but robots.txt is that of today. */
const OPTED_OUT_LIVE: ReadonlySet<Outcome> = new Set<Outcome>(['optout_robots', 'optout_site'])

/** Both looked at the same bytes. */
function agreeOnBytes(said: SaidRow, seen: SeenImage, terms: AgreementTerms): Agreement {
  const { image, score } = seen
  if (said.similarity === null || score === null || image === null)
    return said.outcome === seen.outcome ? MATCH : forged('row_outcome')
  const { pair } = said
  if (pair !== null && pair.md5 !== image.md5) return forged('row_hash')
  if (pair !== null && (pair.width !== image.width || pair.height !== image.height)) return forged('row_size')
  if (!isSamePdq(said.pdq, image)) return forged('row_hash')
  const tolerance = toleranceOf(terms)
  if (tolerance === null) return unverifiable('device_unlike')
  const stray = Math.abs(said.similarity - score.similarity)
  // written so that NaN is forged
  if (!(stray <= tolerance)) return forged('row_score')
  const decided = Math.abs(score.similarity - terms.threshold) > tolerance
  if (decided && (said.outcome === 'kept') !== score.similarity >= terms.threshold)
    return forged('row_threshold')
  const turn = pair === null ? 0 : 1 - cosine(pair.embedding, score.embedding)
  if (!(turn <= tolerance)) return forged('row_embedding')
  const { findings } = seen
  const areFound = (share: number) =>
    pair === null || findings === null || agreeOnFindings(pair, findings, straysOf(tolerance, share))
  if (!areFound(1)) return forged('row_findings')
  // of two honest verifiers on devices of one class, one never finds a match where the other finds it forged
  return stray <= tolerance / 2 && turn <= tolerance / 2 && areFound(1 / 2) ? MATCH : ALIKE
}

/** The image as another server would send it: scaled or compressed again, and so scored a little otherwise. */
function isAlike(
  said: SaidRow,
  { outcome, image, score }: SeenImage,
  { tolerances, threshold }: AgreementTerms,
): boolean {
  if (image === null || said.similarity === null || score === null) return said.outcome === outcome
  if (said.pdq === null || image.pdq === null || distance(said.pdq, image.pdq) > PDQ_NEAR) return false
  const decided = Math.abs(score.similarity - threshold) > tolerances.reencoded
  return (
    Math.abs(said.similarity - score.similarity) <= tolerances.reencoded &&
    (!decided || said.outcome === outcome)
  )
}

/** Detailed enough images have a PDQ; near the limit of detail, decoders may disagree whether. */
function isSamePdq(said: string | null, { pdq, pdqQuality }: NonNullable<SeenImage['image']>): boolean {
  if (said !== null && pdq !== null) return distance(said, pdq) <= PDQ_SAME
  return said === pdq || Math.abs(pdqQuality - PDQ_QUALITY) <= PDQ_QUALITY_STRAY
}

/** Bits in which two PDQ hashes differ, of 256; as many where one is no hash. */
function distance(a: string, b: string): number {
  if (a === b) return 0
  if (!PDQ.test(a) || !PDQ.test(b)) return 256
  let differing = BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
  let bits = 0
  for (; differing > 0n; differing &= differing - 1n) bits++
  return bits
}
const PDQ = /^[0-9a-f]{64}$/

/** NaN where one has no direction, or they differ in length. */
function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return NaN
  let [product, squareA, squareB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!
    squareA += a[i]! ** 2
    squareB += b[i]! ** 2
  }
  return product / Math.sqrt(squareA * squareB)
}
