import type { Safety } from '../records/safety.ts'
import { judgeTags } from './tags.ts'

/**
 * What a release leaves out by what was found in pictures when they were collected. What no dataset has (`judgeTags`) is
 * in none.
 *
 * - `research`: all else
 * - `safe`: nothing with `nudity`, `gore` or `hate_symbol`, or with an `nsfw` of SAFE_NSFW or more
 * - `no-person`: nothing of the above, no face, and nothing with `person` or `minor`
 */
export const PROFILES = ['research', 'safe', 'no-person'] as const
export type Profile = (typeof PROFILES)[number]

/** Columns of `pairs.parquet` that profiles look at. */
export const PROFILE_COLUMNS = ['tags', 'nsfw', 'faces'] as const

/** Where a head is as sure as not: a campaign's own threshold may be looser. */
const SAFE_NSFW = 0.5

const UNSAFE = ['nudity', 'gore', 'hate_symbol']
const PERSONAL = ['person', 'minor']

export interface ProfiledRow {
  tags: readonly string[]
  nsfw: number | null
  faces: number | null
}

/** Whether a row goes into a release with this profile. */
export function isFit(profile: Profile, { tags, nsfw, faces }: ProfiledRow): boolean {
  if (judgeTags(tags) !== null) return false
  if (profile === 'research') return true
  // what is no number is not known to be safe
  if (tags.some((tag) => UNSAFE.includes(tag)) || (nsfw !== null && !(nsfw < SAFE_NSFW))) return false
  if (profile === 'safe') return true
  return !tags.some((tag) => PERSONAL.includes(tag)) && !((faces ?? 0) > 0)
}

/**
 * What a profile promises without anything in the campaign that tells it, so that it can't be kept.
 *
 * @returns null where it can
 */
export function blindSpot(profile: Profile, { tags, heads }: Safety): string | null {
  const isTold = (name: 'nudity' | 'person') =>
    (tags !== null && tags.thresholds[name] !== null) ||
    heads.some((head) => head.kind === 'classifier' && head.reads.some(({ tag }) => tag === name))
  if (profile !== 'research' && !isTold('nudity')) return 'nudity'
  const isLookedForFaces = heads.some(({ kind }) => kind === 'faces')
  return profile === 'no-person' && !isLookedForFaces && !isTold('person') ? 'persons' : null
}
