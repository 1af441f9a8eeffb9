import { MAX_IMAGE_BYTES } from '../../protocol/limits.ts'
import { isMasked } from '../../protocol/outcomes.ts'
import type { Safety } from '../../protocol/records/safety.ts'
import { type Agreement, agreeOnImage, type SeenImage } from '../../protocol/rules/agree.ts'
import { leastSimilarity } from '../../protocol/rules/filter.ts'
import type { Candidate, FetchResult, Looked } from '../components.ts'
import { readArchived, type Seen, type Settled, type StageParts } from '../work/work.ts'
import type { Found } from './compare-record.ts'
import type { AuditJob, AuditParts, Facts } from './job.ts'
import type { SaidOutcome } from './read-rows.ts'
import { GONE, whenGone } from './source-gone.ts'

/** A row of which the image is left to look at. */
export interface ImageTask {
  /** where its finding belongs */
  index: number
  said: SaidOutcome
  found: Found
  page: Found['page']
  candidate: Candidate
}

/** Tells what came of a row. */
export type Settle = (index: number, agreement: Agreement, said: Facts, found: Facts) => void

/** Bytes of a stored record: the crawl takes no longer ones. */
const MAX_PLACE_BYTES = 64 * 1024 * 1024

/** The row names a place of the archive where another image lies, or none. */
const MISPLACED: Agreement = { finding: 'forged', code: 'row_hash' }

/** The stages of the crawl itself, which end in a comparison. */
export function makeImageStages(
  { crawl, images, scorer, looker, gate }: AuditParts,
  { shard, campaign, source, offline, signal }: AuditJob,
  settle: Settle,
): StageParts<ImageTask> {
  const { rules } = campaign.pipeline
  /** what is known of a row before its image is looked at */
  const settled = new Map<ImageTask, Agreement>()

  async function fetch(task: ImageTask, makeRoom: (bytes: number) => Promise<void>): Promise<FetchResult> {
    const { said, candidate } = task
    const gone: FetchResult = { ok: false, outcome: 'offline', detail: '', signals: [] }
    if (said.archived !== null) {
      if (source.kind !== 'warc' || !isPlace(said.archived)) {
        settled.set(task, MISPLACED)
        return gone
      }
      // the length is a stranger's
      await makeRoom(Math.max(MAX_IMAGE_BYTES, said.archived.warcLength))
      const place = { ...said.archived, url: candidate.url }
      const result = await readArchived(crawl, source, place, campaign.pipeline.consent).catch(whenGone)
      if (result === null) settled.set(task, GONE)
      // nothing is decoded yet: there is no such record
      else if (!result.ok && result.outcome === 'image_broken') settled.set(task, MISPLACED)
      return result ?? gone
    }
    return offline ? gone : images.fetch(candidate.url, signal, makeRoom)
  }

  function compare({ said, candidate }: ImageTask, end: Settled, seen: Seen): Agreement {
    return agreeOnImage(said, toSeenImage(said, end, seen, toFindings(campaign.pipeline.safety, seen)), {
      tolerances: campaign.audit.tolerances,
      producerDevice: shard.manifest.deviceClass,
      verifierDevice: scorer.deviceClass,
      threshold: leastSimilarity(rules, candidate.language),
    })
  }

  return {
    ...{ fetch, images, scorer, looker, gate, rules },
    async settle(task, end, seen) {
      const agreement = settled.get(task) ?? compare(task, end, seen)
      settle(task.index, agreement, saidFacts(task.said), seenFacts(end, seen))
    },
    onPassed() {},
  }
}

/** As the rules want it: of a file that did not become an image its hash alone is known. */
function toSeenImage(
  said: SaidOutcome,
  { outcome, sha256 }: Settled,
  { image, score }: Seen,
  findings: SeenImage['findings'],
): SeenImage {
  const file = { md5: '', pdq: null, pdqQuality: 0, width: 0, height: 0 }
  // a decoder that died here says nothing of the file
  const hasDied = outcome === 'image_broken' && sha256 === null
  return {
    // what was found in it stands beside it, and may be near a threshold
    outcome: score !== null && isMasked(outcome) ? 'kept' : outcome,
    isArchived: said.archived !== null && !hasDied,
    image: image ?? (sha256 === null ? null : { ...file, sha256 }),
    score,
    findings,
  }
}

/** What was found in a picture; null where it should have been looked at and was not. */
function toFindings({ tags, heads }: Safety, { looked }: Seen): SeenImage['findings'] {
  if (looked === null && (tags !== null || heads.length > 0)) return null
  const { faceBoxes = null, ...found } = looked ?? UNLOOKED
  const boxes: FaceBox[] = faceBoxes === null ? [] : JSON.parse(faceBoxes)
  return {
    ...found,
    faceScores: boxes.map(([, , , , score]) => score),
    faceThreshold: heads.find((head) => head.kind === 'faces')?.threshold ?? null,
  }
}
type FaceBox = [x: number, y: number, width: number, height: number, score: number]
const UNLOOKED: Looked = { nsfw: null, watermark: null, tags: [], faces: null, faceBoxes: null, margins: [] }

function saidFacts({ outcome, similarity, sha256, pdq, pair }: SaidOutcome): Facts {
  const { width, height, md5 } = pair ?? {}
  return known({ outcome, similarity, sha256, pdq, width, height, md5, ...findingFacts(pair) })
}

/** Of what nobody should find, a verdict must not tell where it is. */
function seenFacts({ outcome, detail, similarity, sha256, pdq }: Settled, { image, looked }: Seen): Facts {
  const { width, height, md5 } = image ?? {}
  if (isMasked(outcome)) return known({ width, height, md5 })
  return known({ outcome, detail, similarity, sha256, pdq, width, height, md5, ...findingFacts(looked) })
}

function findingFacts(found: Pick<Looked, 'tags' | 'nsfw' | 'watermark' | 'faces'> | null) {
  if (found === null) return {}
  const { tags, nsfw, watermark, faces } = found
  return { tags: tags.join(' ') || undefined, nsfw, watermark, faces }
}

function known(facts: Record<string, string | number | null | undefined>): Facts {
  return Object.fromEntries(
    Object.entries(facts).filter((fact): fact is [string, string | number] => fact[1] != null),
  )
}

function isPlace({ warcOffset, warcLength }: { warcOffset: number; warcLength: number }): boolean {
  return (
    [warcOffset, warcLength].every((part) => Number.isSafeInteger(part) && part >= 0) &&
    warcLength <= MAX_PLACE_BYTES
  )
}
