export { type ShardWriter, startShardWriter, type WrittenFile } from './write.ts'
