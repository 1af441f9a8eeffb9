import type { Weather } from './spread.ts'

export interface Scenario {
  nodes: number
  segments: number
  seed: number
  /** share of messages lost */
  loss: number
  /** seconds that 30 % of the nodes are cut off from the others */
  partition: number
  /** share of the nodes that dies in an hour */
  churn: number
}

export interface Outcome {
  /** share of the segments that somebody began while another was at work on it or had done it */
  duplicates: number
  /** segments without a shard */
  unfinished: number
  /** whether all nodes that are up see every segment alike, after the partition and at the end */
  sameWinners: boolean
  /** records published per second, each of which every node takes in */
  messagesPerSecond: number
}

const PARTITION_AFTER_MS = 2 * 60 * 60_000
const PARTITION_SHARE = 0.3

/** Which nodes are cut off, and when, in a campaign that starts at `start`. */
export function partitionOf({ partition }: Scenario, start: number): Weather['partition'] {
  if (partition === 0) return null
  const from = start + PARTITION_AFTER_MS
  return { from, to: from + 1000 * partition, share: PARTITION_SHARE }
}
