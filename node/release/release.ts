export {
  type BlockReader,
  campaignOf,
  demandTrusted,
  entriesOf,
  isReleaseRecord,
  type ReadRelease,
  readRelease,
} from './read.ts'
