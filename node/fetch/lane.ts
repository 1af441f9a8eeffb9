import type { BlockSource } from '../components.ts'
import { FIRST_WINDOW, MAX_FAILURES, MAX_MISSES, MAX_WINDOW, QUICK_MS, SLOW_MS } from './limits.ts'

/** A source, and what is known of it by now. */
export interface Lane {
  name: string
  source: BlockSource
  state: 'open' | 'forged' | 'failed' | 'lacking'
  /** blocks that it may be asked for at once, and is */
  window: number
  atWork: number
  /** bytes a millisecond; null before the first block of some size */
  speed: number | null
  /** when it gave the last one, by `performance.now()` */
  last: number
  restUntil: number
  /** in a row */
  failures: number
  misses: number
  blocks: number
  bytes: number
}

export function makeLane(source: BlockSource): Lane {
  return {
    ...{ name: source.name, source, state: 'open', window: FIRST_WINDOW, atWork: 0, speed: null },
    ...{ last: 0, restUntil: 0, failures: 0, misses: 0, blocks: 0, bytes: 0 },
  }
}

/** Bytes of a block that tells a speed. */
const LEAST_TELLING = 64 * 1024

/** It gave a block that it was asked for at `began`. */
export function addBlock(lane: Lane, bytes: number, began: number, now: number): void {
  const speed = bytes / Math.max(1, now - Math.max(began, lane.last))
  // of a small block the way there and back is most of the time
  if (bytes >= LEAST_TELLING) lane.speed = lane.speed === null ? speed : 0.7 * lane.speed + 0.3 * speed
  lane.last = now
  lane.blocks++
  lane.bytes += bytes
  lane.failures = 0
  lane.misses = 0
  const took = now - began
  if (took < QUICK_MS && lane.atWork >= lane.window) lane.window = Math.min(MAX_WINDOW, lane.window + 1)
  else if (took > SLOW_MS) lane.window = Math.max(1, lane.window - 1)
}

/** It lacks a block. */
export function addMiss(lane: Lane): void {
  lane.misses++
  if (lane.blocks === 0 && lane.misses >= MAX_MISSES) lane.state = 'lacking'
}

/** It could not be asked, or took too long: several at once count as one. */
export function addFailure(lane: Lane, restUntil: number): void {
  lane.window = 1
  if (lane.restUntil > performance.now()) return
  lane.failures++
  lane.restUntil = restUntil
  if (lane.failures >= MAX_FAILURES) lane.state = 'failed'
}
