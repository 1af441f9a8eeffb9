export { type Check, checkRelease } from './check.ts'
export { createRelease } from './create.ts'
export { diffReleases, type ReleaseDiff } from './diff.ts'
export { keepRelease, knownReleases } from './known.ts'
export {
  type BlockReader,
  campaignOf,
  demandTrusted,
  entriesOf,
  isReleaseRecord,
  type ReadRelease,
  readRelease,
} from './read.ts'
