import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { idleMs } from '../../protocol/rules/assign.ts'
import { segmentKey } from '../../protocol/segment-key.ts'
import { CONTENTION_MS } from '../../protocol/timing.ts'
import type { OnAmount, StageProgress } from '../components.ts'
import type { Log } from '../log.ts'
import { makeBell } from './bell.ts'
import { startCrew } from './crew.ts'
import { type Lease, type LeaseParts, publishOwn, takeLease } from './lease.ts'
import { makePicker, type Task } from './pick-task.ts'
import type { Producer } from './produce-segment.ts'

/** Claimants of a segment that are asked for their claims: where there are more, one of them tells enough. */
const MAX_CLAIMANTS = 5
/** Milliseconds that a segment which failed here is left to others. */
const FAILED_MS = 30 * 60_000
/** How often it is looked whether a lease is to be renewed: timers stand still while a machine sleeps. */
const LEASE_LOOK_MS = 1_000

export interface WorkerParts extends LeaseParts {
  producer: Producer
}

export interface WorkerOptions {
  log: Log
  /** segments at once */
  segments: number
  /** in place of CONTENTION_MS, for tests */
  contentionMs?: number | undefined
  /** whether the volunteer lets this machine work now; if not, what is at work is put down */
  mayWork: () => boolean
  /** whether one more segment may be begun */
  mayBegin: () => Promise<boolean>
  isReady: (campaign: CID) => boolean
  /** whether no other node can work on it; absent: others can */
  isAlone?: ((campaign: CID) => boolean) | undefined
  /** told when a segment that was taken here has ended here, after its lease was given back */
  onEnd?: ((ending: Ending) => void) | undefined
  onAmount?: OnAmount | undefined
}

/** `given_up`: put down by the volunteer, to go on another time; `lost`: it is somebody else's */
export type Ending = { campaign: string; segment: number } & (
  | { how: 'done'; manifest: string }
  | { how: 'failed'; code: string; message: string }
  | { how: 'given_up' | 'lost' }
)

/** A segment at work. */
export interface Work {
  campaign: string
  segment: number
  /** `claim`: it waits whether others have claimed it as well */
  phase: 'claim' | 'run'
  stages: StageProgress[]
  /** milliseconds since 1970 */
  since: number
}

export interface Failure {
  campaign: string
  segment: number
  code: string
  message: string
}

type Part<T> = T extends unknown ? Omit<T, 'campaign' | 'segment'> : never
type EndingHow = Part<Ending>

/** Why a segment was put down, where somebody else was first. */
const LOST = 'lost'

/** After these a ledger takes nothing any more. */
const FATAL = ['ledger_write', 'ledger_closed']

interface Current {
  task: Task
  work: Work
  stop: AbortController
  ended: Promise<void>
}

/** Take one segment after the other, several at once where the volunteer says so, until it is told to end. */
export function startWorker(parts: WorkerParts, options: WorkerOptions) {
  const { ledger, network, signer, clock, producer } = parts
  const { log, mayWork, contentionMs = CONTENTION_MS } = options
  const failed = new LRUCache<string, Failure>({ max: 1000, ttl: FAILED_MS, perf: { now: clock } })
  const barred = new Set<string>()
  const atWork = new Map<string, Current>()
  const picker = makePicker(parts)
  const bell = makeBell()
  let worked = mayWork()
  let ending = false
  let produced = 0

  const forget = ledger.subscribe(({ campaign, work: other }) => {
    const mine = other && atWork.get(nameOf(campaign, other.segment))
    // somebody else was first, or has done it: the rules give way to them
    if (mine?.work.phase === 'run' && !isMine(mine.task)) mine.stop.abort(LOST)
  })

  function isMine({ id, segment }: Task): boolean {
    const holding = ledger.holding(id, segment)
    return holding.state !== 'free' && equalBytes(holding.peer, signer.publicKey)
  }

  /** @returns how it ended. @throws ShoalError of FATAL */
  async function work(task: Task): Promise<EndingHow['how']> {
    const { id, segment } = task
    const name = nameOf(id, segment)
    const stop = new AbortController()
    const shown: Work = { campaign: id.toString(), segment, phase: 'claim', stages: [], since: clock() }
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    atWork.set(name, { task, work: shown, stop, ended })
    const tell = (ending: EndingHow) => {
      options.onEnd?.({ campaign: id.toString(), segment, ...ending })
      return ending.how
    }
    let lease: Lease | null = null
    try {
      lease = await takeLease(parts, id, segment)
      if (!lease.resumed && !options.isAlone?.(id)) {
        await sleep(contentionMs, undefined, { signal: stop.signal })
        await askClaimants(task, stop.signal)
      }
      stop.signal.throwIfAborted()
      if (!lease.holds()) {
        log.info({ segment }, 'somebody else has the segment')
        await lease.release()
        return tell({ how: 'lost' })
      }
      shown.phase = 'run'
      const manifest = await run(task, lease, shown, stop)
      await lease.end()
      produced++
      log.info({ segment, manifest }, 'a segment is done')
      return tell({ how: 'done', manifest })
    } catch (error) {
      // the release of the lease stops it as well
      const { aborted, reason } = stop.signal
      const fault = (aborted ? (reason instanceof ShoalError ? reason : null) : error) as ShoalError | null
      if (fault) {
        const { code = 'unexpected', message } = fault
        failed.set(name, { campaign: id.toString(), segment, code, message })
        log.warn({ segment, code, message }, 'a segment failed')
        if (FATAL.includes(code)) throw fault
      }
      await lease?.release().catch((refusal: ShoalError) => {
        // it ends by itself within the hour
        log.warn({ segment, code: refusal.code, message: refusal.message }, 'a lease was not given back')
        if (FATAL.includes(refusal.code)) throw refusal
      })
      if (fault) return tell({ how: 'failed', code: fault.code ?? 'unexpected', message: fault.message })
      return tell({ how: reason === LOST ? 'lost' : 'given_up' })
    } finally {
      atWork.delete(name)
      resolve()
    }
  }

  /** What gossip did not bring: the DHT knows who has claimed it as well. */
  async function askClaimants({ id, segment }: Task, signal: AbortSignal): Promise<void> {
    const peers = await network.findProviders(segmentKey(id, segment), { signal, limit: MAX_CLAIMANTS })
    const ask = async (peer: string) => {
      const envelope = await network.askRecord(peer, id, segment, { signal })
      if (envelope) await ledger.add(envelope, 'sync')
    }
    await Promise.allSettled(peers.map(ask))
  }

  /** @returns the CID of the manifest */
  async function run(task: Task, lease: Lease, shown: Work, stop: AbortController): Promise<string> {
    const { segment } = task
    let renewal: Promise<unknown> = Promise.resolve()
    const timer = setInterval(() => {
      renewal = renewal
        .then(() => lease.renewInTime())
        .catch((error: ShoalError) => {
          log.warn({ segment, code: error.code, message: error.message }, 'no renewal')
          if (error.code === 'lease_lost') stop.abort(LOST)
          // to leave it to others, who have waited for a day
          else if (error.code === 'lease_over' || FATAL.includes(error.code)) stop.abort(error)
        })
    }, LEASE_LOOK_MS)
    try {
      const { manifest, envelope } = await producer.produce(task, {
        signal: stop.signal,
        onProgress: (stages) => {
          shown.stages = stages
        },
        onAmount: options.onAmount,
      })
      await publishOwn(parts, task.id, envelope)
      return manifest
    } finally {
      clearInterval(timer)
      await renewal
    }
  }

  async function turn(): Promise<void> {
    const task = mayWork() && (await options.mayBegin()) && !ending ? pick() : null
    const how = task && (await work(task))
    if (ending) return
    if (how === null) await bell.wait(idleMs(countPeers(), Math.random))
    // the cause may be this node's own: it must not run through all segments in no time
    else if (how === 'failed') await bell.wait(contentionMs)
  }

  /** Of the largest campaign. */
  function countPeers(): number {
    return Math.max(1, ...ledger.campaigns().map(({ id }) => ledger.activePeers(id).length))
  }

  function pick(): Task | null {
    const campaigns = ledger.campaigns().filter(({ id }) => options.isReady(id) && !barred.has(id.toString()))
    const isLeft = (id: CID, segment: number) => {
      const name = nameOf(id, segment)
      return failed.has(name) || atWork.has(name)
    }
    return picker.pick(campaigns, isLeft)
  }

  function end(how: 'now' | 'later'): void {
    ending = true
    crew.end()
    if (how === 'now') putDown(() => true)
    bell.ring()
  }

  const crew = startCrew(options.segments, turn, () => end('now'))
  const ended = crew.ended.finally(() => {
    forget()
    picker.close()
  })

  function putDown(isMeant: (task: Task) => boolean): void {
    for (const { task, stop } of atWork.values()) if (isMeant(task)) stop.abort()
  }

  return {
    atWork: () => [...atWork.values()].map((current) => current.work),
    failures: () => [...failed.values()],
    /** segments done since the start */
    produced: () => produced,
    /**
     * Look whether it is time to work or to rest. What is at work and may not be is put down, and given up. A node that
     * found nothing to do goes on waiting, or thousands would look for segments as often as this is called.
     */
    look() {
      const works = mayWork()
      if (!works) putDown(() => true)
      else if (!worked) bell.ring()
      worked = works
    },
    /** Look at once for something to do. */
    wake: () => bell.ring(),
    /** Work on so many segments at once from now on; what is at work is finished. */
    limit(most: number): void {
      crew.limit(most)
      bell.ring()
    },
    /** Give up what is at work of a campaign, and take nothing of it until something is done. */
    async without<T>(campaign: CID, something: () => Promise<T>): Promise<T> {
      const isMeant = ({ id }: Task) => campaign.equals(id)
      barred.add(campaign.toString())
      try {
        putDown(isMeant)
        await Promise.all([...atWork.values()].filter(({ task }) => isMeant(task)).map(({ ended }) => ended))
        return await something()
      } finally {
        barred.delete(campaign.toString())
      }
    },
    /** Take no more segments. @param how - `now`: give up those at work; their runs go on where they were another time */
    end,
    /** settles when it has ended. Rejects with ShoalError `ledger_write` where it could not go on */
    ended,
  }
}

function nameOf(campaign: CID, segment: number): string {
  return `${campaign} ${segment}`
}
