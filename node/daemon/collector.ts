import type { CID } from 'multiformats/cid'
import type { ShoalError } from '../../protocol/errors.ts'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import { type Collected, collect, GRACE_MS } from '../pins/pins.ts'
import type { Disk } from './disk.ts'

/** Milliseconds from the start to the first sweep, and between two: what is unpinned is freed sooner. */
const FIRST_MS = 10 * 60_000
const EVERY_MS = 24 * 60 * 60_000
/** Milliseconds in which DAGs that are unpinned are gathered: one sweep frees them all. */
const GATHER_MS = 30_000
/**
 * Milliseconds that a block is kept though nothing pins it, where the disk is full: the oldest go first, and what belongs to
 * something that was cut short lately goes last. Within the least of them a shard is fetched or written, and pinned.
 */
const GRACES_MS = [GRACE_MS, 6 * 60 * 60_000, 60 * 60_000]
/** Milliseconds until room is looked for again where there was none to be made. */
const IN_VAIN_MS = 10 * 60_000

export interface CollectorOptions {
  log: Log
  clock: () => number
  /** told of a shard that is no longer listed */
  onDrop: (manifest: CID) => void
  /** Give up replicas of so many bytes, or all. @returns whether there were any */
  dropReplicas: (bytes: number) => Promise<boolean>
}

/** The last sweep of a daemon. */
export interface LastCollected extends Collected {
  /** when it ended, milliseconds since 1970 */
  at: number
}

/** Frees the space of what nothing keeps: daily, soon after something was unpinned, and when the disk is full. */
export function startCollector(home: Home, disk: Disk, options: CollectorOptions) {
  const { log, clock, onDrop } = options
  const closing = new AbortController()
  let last: LastCollected | null = null
  let underWay: Promise<unknown> = Promise.resolve()
  let making: Promise<boolean> | null = null
  let vainAt = Number.NEGATIVE_INFINITY
  let timer = after(FIRST_MS)
  let due = performance.now() + FIRST_MS

  function after(ms: number): NodeJS.Timeout {
    return setTimeout(() => void sweep().catch(tell), ms).unref()
  }

  function schedule(ms: number): void {
    clearTimeout(timer)
    if (closing.signal.aborted) return
    due = performance.now() + ms
    timer = after(ms)
  }

  function tell(error: ShoalError): void {
    if (!closing.signal.aborted)
      log.warn({ code: error.code, message: error.message }, 'nothing could be collected')
  }

  function sweep(graceMs = GRACE_MS): Promise<LastCollected> {
    const mine = underWay.then(async () => {
      schedule(EVERY_MS)
      const collected = await collect(home, { clock, graceMs, onDrop, signal: closing.signal })
      disk.forget()
      last = { ...collected, at: clock() }
      const { freed, waiting, kept, dropped, seconds } = collected
      log.info({ freed, waiting, kept, dropped, seconds }, 'what nothing keeps is deleted')
      return last
    })
    underWay = mine.catch(() => {})
    return mine
  }

  /** @returns whether there is some */
  async function makeRoom(): Promise<boolean> {
    for (const graceMs of GRACES_MS) {
      const { waiting } = await sweep(graceMs)
      if ((await disk.room()) > 0) return true
      if (waiting.blocks === 0) break
    }
    for (let room = await disk.room(); room <= 0; room = await disk.room()) {
      if (!(await options.dropReplicas(1 - room))) break
      // what came just now is not freed yet, and to give up more would not help
      if ((await sweep(GRACES_MS.at(-1))).freed.blocks === 0) break
    }
    return disk.hasRoom()
  }

  return {
    collect: () => sweep(),
    last: () => last,
    /** Something was unpinned. */
    soon(): void {
      vainAt = Number.NEGATIVE_INFINITY
      if (due > performance.now() + GATHER_MS) schedule(GATHER_MS)
    },
    /** Whether there is room, if need be made by deleting what nothing keeps, and by giving up replicas. */
    async hasRoom(): Promise<boolean> {
      if (await disk.hasRoom()) return true
      if (performance.now() - vainAt < IN_VAIN_MS) return false
      making ??= makeRoom()
        .catch((error: ShoalError) => {
          tell(error)
          return false
        })
        .finally(() => {
          making = null
        })
      const made = await making
      if (!made) vainAt = performance.now()
      return made
    },
    async close(): Promise<void> {
      closing.abort()
      clearTimeout(timer)
      await underWay
      await making
    },
  }
}
