import { createHash } from 'node:crypto'
import { cidOf } from '../../protocol/codec.ts'
import { MAX_ACCUSED } from '../../protocol/limits.ts'
import { DEFAULT_AUDIT } from '../../protocol/records/campaign.ts'
import type { Verdict } from '../../protocol/records/verdict.ts'
import { countFindings, type Finding, packFindings, ruleOn } from '../../protocol/records/verdict.ts'
import {
  type Agreement,
  agreeOnImage,
  agreeOnPage,
  type SaidRow,
  type SeenImage,
} from '../../protocol/rules/agree.ts'
import { drawSample, sampleCounts } from '../../protocol/rules/sample.ts'

/** Rows of every shard: so many that drawing some of them hardly changes the share of forged ones among the others. */
const ROWS = 10_000
const DEVICE = 'cpu/fp32'
const BLOCK = cidOf(new Uint8Array())

const embedding = [0.6, 0.8, 0]
const honest: SaidRow = {
  url: 'https://photos.example/kite.jpg',
  outcome: 'kept',
  sha256: '1'.repeat(64),
  pdq: '5'.repeat(64),
  similarity: 0.31,
  pair: {
    ...{ text: 'a red kite', md5: '2'.repeat(32), width: 640, height: 480, embedding },
    ...{ tags: [], nsfw: null, watermark: null, faces: null },
  },
}
const read = { url: honest.url, text: 'a red kite', outcome: null, isDuplicate: false }
const seen: SeenImage = {
  outcome: 'kept',
  isArchived: false,
  image: {
    sha256: '1'.repeat(64),
    md5: '2'.repeat(32),
    pdq: '5'.repeat(64),
    pdqQuality: 90,
    width: 640,
    height: 480,
  },
  score: { similarity: 0.3101, embedding },
  findings: null,
}
/** What a forger may write: each is told in another way. */
const forgeries: readonly SaidRow[] = [
  { ...honest, similarity: 0.4 },
  { ...honest, url: 'https://photos.example/other.jpg' },
  { ...honest, pair: { ...honest.pair!, text: 'a red kite over the sea' } },
  { ...honest, pair: { ...honest.pair!, embedding: [0.8, 0.6, 0] } },
  { ...honest, pair: { ...honest.pair!, width: 6400 } },
]
const terms = {
  tolerances: DEFAULT_AUDIT.tolerances,
  producerDevice: DEVICE,
  verifierDevice: DEVICE,
  threshold: 0.28,
}

/** Looks at a row of a shard of which so much is forged: the forged rows lie all over it. */
function look(row: number, forged: number): Agreement {
  const isForged = row % 100 < 100 * forged
  const said = isForged ? forgeries[Math.floor(row / 100) % forgeries.length]! : honest
  return agreeOnPage(said, read) ?? agreeOnImage(said, seen, terms)
}

interface Audit {
  segment: number
  producer: Uint8Array
  verifier: Uint8Array
  epoch: number
  seed: number
  samples: number
  /** share of the rows that is forged, as far as this verifier lets it be seen */
  forged: number
  rechecked?: Verdict['rechecked']
}

/**
 * The verdict of an audit, by the rules. What takes the place of a signature is as hard to foresee as one for whoever
 * does not know the seed.
 */
export function makeAudit({
  segment,
  producer,
  verifier,
  epoch,
  seed,
  samples,
  forged,
  rechecked = [],
}: Audit): Verdict {
  const proof = new Uint8Array(createHash('sha512').update(`${seed} ${segment}`).update(verifier).digest())
  const frames = { kept: ROWS, dropped: 0 }
  const sample = drawSample(proof, frames, samples)
  const rows = sample.kept.map((row) => ({ row, ...look(row, forged) }))
  const findings: Finding[] = [
    ...rows.map(({ finding }) => finding),
    ...sample.source.map(() => 'match' as const),
  ]
  const counts = countFindings(findings)
  return {
    campaign: BLOCK,
    manifest: BLOCK,
    segment,
    producer,
    verifier,
    epoch,
    proof,
    deviceClass: DEVICE,
    frames,
    sampled: sampleCounts(frames, samples),
    findings: packFindings(findings),
    matched: counts.matched,
    unverifiable: counts.unverifiable,
    forged: rows
      .filter(({ finding }) => finding === 'forged')
      .slice(0, MAX_ACCUSED)
      .map(({ row, code }) => ({ frame: 'kept', row, code: code!, found: {} })),
    rechecked,
    ruling: ruleOn(counts, rechecked),
  }
}
