import type { ShardState } from '../../protocol/rules/quorum.ts'

/** What rows say for the states: their places here. A shard of which nothing is known yet is the first. */
export const STATES = [
  'unaudited',
  'verified',
  'held',
  'disputed',
  'refused',
] as const satisfies readonly ShardState[]

export const REFUSED = STATES.indexOf('refused')
