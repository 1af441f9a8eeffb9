import { createHash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { SHA2_256 } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { BlockSource } from '../components.ts'
import type { Log } from '../log.ts'
import { addBlock, addFailure, addMiss, type Lane, makeLane } from './lane.ts'
import { BLOCK_MS, LATE_FACTOR, LATE_MS, LOOK_MS, MAX_SOURCES, REST_MS } from './limits.ts'

/** What a source gave, and how it ended. */
export interface SourceReport {
  name: string
  blocks: number
  bytes: number
  /** `forged`: it sent bytes of another block; `failed`: it could not be asked; `lacking`: it had none of the blocks */
  state: 'open' | 'forged' | 'failed' | 'lacking'
}

export interface PoolOptions {
  log?: Log | undefined
  signal?: AbortSignal | undefined
  /** told of a source that sent bytes of another block; it is asked for nothing more */
  onForged?: ((source: string) => void) | undefined
  /** in place of BLOCK_MS and REST_MS, for tests */
  blockMs?: number
  restMs?: number
}

/** Sources that are asked together. */
export interface SourcePool {
  /**
   * A block from whichever source gives it; its bytes have been hashed.
   *
   * @throws ShoalError `block_missing` where no source has it; the signal's reason
   */
  get(cid: CID): Promise<Uint8Array>
  report(): SourceReport[]
  /** Ask for nothing more. */
  close(): void
}

/** One block that is wanted. */
interface Job {
  cid: CID
  /** sources that lack it */
  lackedBy: Set<Lane>
  asking: Map<Lane, AbortController>
  since: number
  taken: boolean
  resolve(bytes: Uint8Array): void
  reject(error: unknown): void
}

/**
 * Ask several sources at once: each for a few blocks at a time, more as it proves quick. A block that is late is asked
 * of a second source; one that sends wrong bytes is asked for nothing more; one that fails is left alone for a while.
 *
 * @param found - sources as they are found; until it ends a block that nobody has is waited for
 */
export function openPool(
  found: AsyncIterable<BlockSource> | Iterable<BlockSource>,
  { log, signal, onForged, blockMs = BLOCK_MS, restMs = REST_MS }: PoolOptions,
): SourcePool {
  const lanes: Lane[] = []
  const jobs = new Set<Job>()
  const ending = new AbortController()
  let searching = true
  let usualMs = 0
  let timer: NodeJS.Timeout | undefined

  async function search(): Promise<void> {
    try {
      for await (const source of found) {
        if (ending.signal.aborted || lanes.length >= MAX_SOURCES) break
        if (lanes.some(({ name }) => name === source.name)) continue
        lanes.push(makeLane(source))
        schedule()
      }
    } catch (error) {
      log?.debug({ reason: (error as Error).message }, 'the search for sources ended early')
    }
    searching = false
    schedule()
  }

  /** The one that is likely to give it first. */
  function choose(job: Job, now: number): Lane | null {
    let best: Lane | null = null
    const usual = Math.max(...lanes.map(({ speed }) => speed ?? 0)) || 1
    /** Until it will have given one more; one that is not known yet may be as quick as any. */
    const waitOf = ({ atWork, speed }: Lane) => (atWork + 1) / (speed ?? usual)
    for (const lane of lanes) {
      if (lane.state !== 'open' || lane.atWork >= lane.window || lane.restUntil > now) continue
      if (job.lackedBy.has(lane) || job.asking.has(lane)) continue
      if (best === null || waitOf(lane) < waitOf(best)) best = lane
    }
    return best
  }

  function schedule(): void {
    if (ending.signal.aborted) return
    const now = performance.now()
    for (const job of jobs) {
      if (job.asking.size > 0) continue
      const lane = choose(job, now)
      if (lane !== null) void ask(job, lane)
      else if (!searching && !lanes.some((one) => one.state === 'open' && !job.lackedBy.has(one)))
        settle(job, () => job.reject(nobody(job.cid)))
    }
    if (jobs.size > 0) timer ??= setInterval(look, LOOK_MS)
    else rest()
  }

  function look(): void {
    schedule()
    const now = performance.now()
    for (const job of jobs) {
      if (job.asking.size !== 1 || now - job.since < Math.max(LATE_MS, LATE_FACTOR * usualMs)) continue
      const second = choose(job, now)
      if (second !== null) void ask(job, second)
    }
  }

  function rest(): void {
    clearInterval(timer)
    timer = undefined
  }

  function settle(job: Job, tell: () => void): void {
    if (job.taken) return
    job.taken = true
    jobs.delete(job)
    for (const stop of job.asking.values()) stop.abort()
    tell()
  }

  async function ask(job: Job, lane: Lane): Promise<void> {
    const { cid } = job
    const stop = new AbortController()
    const began = performance.now()
    if (job.asking.size === 0) job.since = began
    job.asking.set(lane, stop)
    lane.atWork++
    try {
      const bytes = await within(lane, cid, stop, blockMs)
      if (lane.state === 'forged') return
      if (bytes === null) {
        job.lackedBy.add(lane)
        addMiss(lane)
      } else if (isOf(cid, bytes)) {
        const now = performance.now()
        addBlock(lane, bytes.length, began, now)
        usualMs = usualMs === 0 ? now - began : 0.9 * usualMs + 0.1 * (now - began)
        settle(job, () => job.resolve(bytes))
      } else drop(lane, cid)
    } catch (error) {
      const { code, message } = error as ShoalError
      if (code === 'block_forged') drop(lane, cid)
      // one that lost against another, or was called off, is not to blame
      else if (!job.taken && !ending.signal.aborted && lane.state === 'open') {
        addFailure(lane, performance.now() + restMs)
        log?.debug({ source: lane.name, code, reason: message, failures: lane.failures }, 'no block')
      }
    } finally {
      lane.atWork--
      job.asking.delete(lane)
      schedule()
    }
  }

  function drop(lane: Lane, cid: CID): void {
    if (lane.state === 'forged') return
    lane.state = 'forged'
    log?.warn({ source: lane.name, block: cid.toString() }, 'a source sent bytes of another block')
    onForged?.(lane.name)
    for (const job of jobs) job.asking.get(lane)?.abort()
  }

  function end(reason: unknown): void {
    ending.abort()
    rest()
    signal?.removeEventListener('abort', abort)
    for (const job of jobs) settle(job, () => job.reject(reason))
  }
  const abort = () => end(signal?.reason)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  void search()

  return {
    get(cid) {
      if (ending.signal.aborted) return Promise.reject(signal?.reason ?? closed())
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
      jobs.add({
        ...{ cid, lackedBy: new Set(), asking: new Map(), since: 0, taken: false },
        ...{ resolve, reject },
      })
      schedule()
      return promise
    },
    report: () => lanes.map(({ name, blocks, bytes, state }) => ({ name, blocks, bytes, state })),
    close: () => end(closed()),
  }
}

/** Ask one source, for so long; whether or not it heeds the signal. */
async function within(lane: Lane, cid: CID, stop: AbortController, ms: number): Promise<Uint8Array | null> {
  const { promise, reject } = Promise.withResolvers<never>()
  const cancel = () => reject(stop.signal.reason)
  stop.signal.addEventListener('abort', cancel)
  const timer = setTimeout(
    () =>
      stop.abort(new ShoalError('source_timeout', `${lane.name} took more than ${ms / 1000} s for a block`)),
    ms,
  )
  try {
    return await Promise.race([lane.source.get(cid, { signal: stop.signal }), promise])
  } finally {
    clearTimeout(timer)
    stop.signal.removeEventListener('abort', cancel)
  }
}

function isOf(cid: CID, bytes: Uint8Array): boolean {
  const { code, digest } = cid.multihash
  return code === SHA2_256 && createHash('sha256').update(bytes).digest().equals(digest)
}

function nobody(cid: CID): ShoalError {
  return new ShoalError(
    'block_missing',
    `nobody gives block ${cid}: try again when a node that has it is there, or name one with --peer or --gateway`,
  )
}

const closed = () => new ShoalError('fetch_closed', 'the fetch has ended')
