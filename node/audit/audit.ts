export type { AuditedShard, AuditJob, AuditParts, Finding, Rechecked, SampledRow } from './job.ts'
export { type Served, toVerdict } from './make-verdict.ts'
export { framesOf, recheckRows, recheckShard } from './recheck.ts'
export { replayVerdict } from './replay-verdict.ts'
