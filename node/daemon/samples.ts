import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { isMasked, type Outcome } from '../../protocol/outcomes.ts'
import { type FilterRules, leastSimilarity } from '../../protocol/rules/filter.ts'
import type { CropGeometry, Gate } from '../components.ts'
import type { Hiding } from '../denied/denied.ts'
import { encodePreview } from '../images/images.ts'
import type { OpenGate } from '../safety/safety.ts'
import { type Sampler, type Task, uidOf } from '../work/work.ts'

/** A candidate of the segments at work lately, to show what is kept and what is dropped. */
export interface Sample {
  id: string
  /** milliseconds since 1970 */
  at: number
  campaign: string
  segment: number
  url: string
  pageUrl: string
  text: string
  outcome: Outcome
  /** null where it was not scored */
  similarity: number | null
  /** least similarity of those that are kept */
  threshold: number
  hasPicture: boolean
}

interface Kept {
  sample: Sample
  campaign: CID
  row: Parameters<Gate['hasRow']>[0]
  /** JPEG */
  picture: Buffer | null
}

/** Samples of each group: kept, too little alike, and those that could not be scored. */
const MAX_OF_GROUP = 16
/**
 * As if no more than so many had come before: the next one takes a place with the chance 16 in 400, so that samples change
 * while one looks, and most candidates cost nothing.
 */
const MEMORY = 400
/** Milliseconds from one of a group to the next: on a fast device, pictures are not encoded for nobody. */
const GAP_MS = 250
/** Addresses remembered that nobody is to see, as they are masked in the shard. */
const MAX_MASKED = 10_000

/** Those that say of a picture that it can't be had; where somebody opts out, not even the text is shown. */
const UNSCORED: ReadonlySet<Outcome> = new Set<Outcome>([
  ...([
    'fetch_dns',
    'fetch_connect',
    'fetch_tls',
    'fetch_timeout',
    'fetch_redirects',
    'http_status',
  ] as const),
  ...(['image_bytes', 'image_small', 'image_format', 'image_pixels', 'image_broken'] as const),
  ...(['image_side', 'image_aspect'] as const),
])

/**
 * Keeps a few of the candidates that pass, in memory alone. What is removed, listed or withheld meanwhile is forgotten when
 * it is asked for.
 */
export function keepSamples({
  hiding,
  openGate,
  clock,
}: {
  hiding: Pick<Hiding, 'judge'>
  openGate: (campaign: CID) => Promise<OpenGate>
  clock: () => number
}) {
  const groups = { kept: makeGroup(), similarity: makeGroup(), unscored: makeGroup() }
  const masked = new LRUCache<string, true>({ max: MAX_MASKED })

  function groupOf(outcome: Outcome) {
    if (outcome === 'kept' || outcome === 'similarity') return groups[outcome]
    return UNSCORED.has(outcome) ? groups.unscored : null
  }

  function wants(outcome: Outcome): boolean {
    const group = groupOf(outcome)
    if (group === null) return false
    group.seen = Math.min(group.seen + 1, MEMORY)
    const now = performance.now()
    const isFilling = group.seen <= MAX_OF_GROUP
    if (!isFilling && (now < group.nextAt || Math.random() >= MAX_OF_GROUP / group.seen)) return false
    group.nextAt = now + GAP_MS
    return true
  }

  function put(kept: Kept): void {
    const group = groupOf(kept.sample.outcome)
    if (group === null || masked.has(kept.row.url)) return
    const at = group.kept.length < MAX_OF_GROUP ? group.kept.length : Math.floor(Math.random() * MAX_OF_GROUP)
    group.kept[at] = kept
  }

  function drop(isMeant: (kept: Kept) => boolean): void {
    for (const group of Object.values(groups)) group.kept = group.kept.filter((one) => !isMeant(one))
  }

  /** What may be shown now, of those given; the others are forgotten. */
  async function stillShown(all: readonly Kept[]): Promise<Kept[]> {
    const hidden = new Set<Kept>()
    for (const [, ofCampaign] of Map.groupBy(all, ({ sample }) => sample.campaign)) {
      const isHidden = await judge(ofCampaign[0]!.campaign)
      for (const one of ofCampaign) if (isHidden(one)) hidden.add(one)
    }
    if (hidden.size > 0) drop((one) => hidden.has(one))
    return all.filter((one) => !hidden.has(one) && !masked.has(one.row.url))
  }

  async function judge(campaign: CID): Promise<(kept: Kept) => boolean> {
    try {
      const isHidden = await hiding.judge(campaign)
      const gate = await openGate(campaign)
      await gate.close()
      return ({ row }) =>
        gate.hasRow(row) || isHidden({ ...row, page_url: row.pageUrl, sha256: row.sha256 ?? '' })
    } catch {
      // this node takes no part in it any more
      return () => true
    }
  }

  return {
    /** What is at work shows its candidates to this. */
    of(place: { campaign: CID; segment: number; rules: FilterRules; geometry: CropGeometry }): Sampler {
      const { campaign, segment, rules, geometry } = place
      function describe({ page, candidate }: Task, settled: Parameters<Sampler['settled']>[1]) {
        const { url, text } = candidate
        const { outcome, similarity, sha256, pdq } = settled
        const sample = {
          ...{ id: randomBytes(8).toString('hex'), at: clock(), campaign: campaign.toString(), segment },
          ...{ url, pageUrl: page.url, text, outcome, similarity },
          threshold: leastSimilarity(rules, candidate.language),
        }
        const row = { url, pageUrl: page.url, uid: uidOf(candidate, page), sha256, pdq }
        return { sample, campaign, row }
      }
      return {
        wants,
        scored(task, settled, { md5, crop }) {
          const { sample, row, ...rest } = describe(task, settled)
          // the crop is its owner's again at once
          void encodePreview(Uint8Array.from(crop), geometry).then(
            (picture) =>
              put({ ...rest, sample: { ...sample, hasPicture: true }, row: { ...row, md5 }, picture }),
            () => {},
          )
        },
        settled(task, settled) {
          const { url } = task.candidate
          if (isMasked(settled.outcome)) {
            masked.set(url, true)
            drop(({ row }) => row.url === url)
          } else if (UNSCORED.has(settled.outcome) && wants(settled.outcome)) {
            const { sample, row, ...rest } = describe(task, settled)
            put({
              ...rest,
              sample: { ...sample, hasPicture: false },
              row: { ...row, md5: null },
              picture: null,
            })
          }
        },
      }
    },
    /** Those that may be shown, the newest first. */
    async list(): Promise<Sample[]> {
      const shown = await stillShown(Object.values(groups).flatMap(({ kept }) => kept))
      return shown.map(({ sample }) => sample).sort((a, b) => b.at - a.at)
    },
    /** A sample's picture, a small JPEG; null where there is none that may be shown. */
    async picture(id: string): Promise<Buffer | null> {
      const all = Object.values(groups).flatMap(({ kept }) => kept)
      const [shown] = await stillShown(all.filter(({ sample }) => sample.id === id))
      return shown?.picture ?? null
    },
  }
}

export type Samples = ReturnType<typeof keepSamples>

interface Group {
  kept: Kept[]
  /** candidates that came, MEMORY at most */
  seen: number
  /** when the next one may be taken, by a clock that nobody sets */
  nextAt: number
}

const makeGroup = (): Group => ({ kept: [], seen: 0, nextAt: 0 })
