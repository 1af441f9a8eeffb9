export { exportShard } from './export.ts'
export { type Published, publishShard } from './publish.ts'
export { type CheckedShard, readShard } from './read.ts'
export { type ShardWriter, startShardWriter, type WrittenFile } from './write.ts'
