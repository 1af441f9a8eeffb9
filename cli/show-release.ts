import type { ReleaseDetails } from '../node/manage-releases.ts'
import { formatCount, formatThings } from './numbers.ts'
import type { Output } from './output.ts'
import { layOut, shorten } from './table.ts'

/** Everything about a release, for people. */
export function showRelease(output: Output, release: ReleaseDetails): void {
  const { name, campaign, profile, number, signer, own, policy, counts, removals, attestedBy, supersedes } =
    release
  output.heading(`${name === null ? 'Release' : `${shorten(name, 60)}, release`} ${number}`)
  const facts = [
    ['release', release.release],
    ['content', release.content],
    ['campaign', campaign],
    ['profile', profile],
    ['signed by', own ? `${signer}, this node` : signer],
    [
      'policy',
      `${formatThings(policy.quorum, 'good verdict')}${policy.operators === null ? '' : ` of ${formatThings(policy.operators.length, 'operator')}`}${policy.leastStanding === 0 ? '' : `, each with ${formatCount(policy.leastStanding)} valid shards`}`,
    ],
    ['pairs', `${formatCount(counts.pairs)} in ${formatThings(counts.shards, 'shard')}`],
    [
      'left out',
      `${formatThings(counts.duplicates, 'duplicate')}, ${formatCount(counts.removed)} removed, ${formatCount(counts.unfit)} by the profile`,
    ],
    ['removals', `as of ${dateOf(removals.thisUpdate)}, to be used until ${dateOf(removals.nextUpdate)}`],
    ...(attestedBy === null ? [] : [['scanned by', attestedBy]]),
    ...(supersedes === null ? [] : [['supersedes', supersedes]]),
    ...(release.refused === null ? [] : [['refused', explainRefusal(release.refused)]]),
  ]
  for (const line of layOut([{ title: '' }, { title: '' }], facts)) output.print(line)
}

/** Why a release must not be used, in short. */
export function explainRefusal(code: string): string {
  return code === 'removals_stale'
    ? 'its removals are stale: get a newer release'
    : 'its signer is not trusted'
}

export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
