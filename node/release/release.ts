export {
  isAttestation,
  judgeAttestation,
  type KeptAttestation,
  keepAttestation,
  lastAttestations,
} from './attested.ts'
export { checkRelease } from './check.ts'
export { createRelease } from './create.ts'
export { diffReleases, type ReleaseDiff } from './diff.ts'
export type { Check } from './findings.ts'
export { isHeld } from './held.ts'
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
