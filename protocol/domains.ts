/**
 * Every signing domain of Shoal. A signature is over its domain and then the content, so that what was signed
 * for one purpose never stands for another. No domain begins another: each ends in the only NUL it holds.
 *
 * The `1` is the version of the envelope. A record kind that changes in a way old nodes can't read gets a new
 * kind with a version, `shard/2`; the first version has none.
 */
export function recordDomain(kind: string): string {
  return `shoal/1/${kind}\0`
}

/** What a verifier signs to draw its sample of a shard: this and the manifest's CID. */
export const AUDIT_DOMAIN = 'audit\0'

/** The kinds of record this node reads and writes, all in their first version. */
const KINDS = [
  'attestation',
  'backoff',
  'campaign',
  'claim',
  'feed',
  'head',
  'receipt',
  'release',
  'removal',
  'shard',
  'verdict',
] as const

export type Kind = (typeof KINDS)[number]

const SPELLING = /^([a-z]{1,20})(?:\/([2-9]|[1-9][0-9]{1,3}))?$/

/** @returns whether records of this kind are read here, belong to a later version, or are unknown altogether */
export function recognise(kind: string): 'known' | 'future' | 'unknown' {
  const [, name, version] = SPELLING.exec(kind) ?? []
  if (!KINDS.some((known) => known === name)) return 'unknown'
  return version === undefined ? 'known' : 'future'
}
