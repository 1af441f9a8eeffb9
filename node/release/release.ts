export { type Check, type CheckedRelease, checkRelease } from './check.ts'
export { type CreatedRelease, type CreateOptions, type CreateRequest, createRelease } from './create.ts'
export { diffReleases, type ReleaseDiff } from './diff.ts'
export { type KnownRelease, keepRelease, knownReleases } from './known.ts'
export {
  type BlockReader,
  campaignOf,
  demandTrusted,
  entriesOf,
  isReleaseRecord,
  type ReadRelease,
  readRelease,
} from './read.ts'
