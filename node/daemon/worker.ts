import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { pipelineId } from '../../protocol/records/campaign.ts'
import { idleMs } from '../../protocol/rules/assign.ts'
import { segmentKey } from '../../protocol/segment-key.ts'
import { CONTENTION_MS } from '../../protocol/timing.ts'
import { locateSource } from '../campaigns/campaigns.ts'
import type { StageProgress } from '../components.ts'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import { produceShard } from '../produce-shard.ts'
import { makeJob } from '../segment-job.ts'
import { VERSION } from '../version.ts'
import { announceBackOff } from './announce-back-off.ts'
import { makeBell } from './bell.ts'
import { type Lease, type LeaseParts, publishOwn, takeLease } from './lease.ts'
import { makePicker, type Task } from './pick-task.ts'
import { makeToolbox, type ToolboxOptions } from './toolbox.ts'
import type { Tools } from './tools.ts'

/** Claimants of a segment that are asked for their claims: where there are more, one of them tells enough. */
const MAX_CLAIMANTS = 5
/** Milliseconds that a segment which failed here is left to others. */
const FAILED_MS = 30 * 60_000
/** How often it is looked whether a lease is to be renewed: timers stand still while a machine sleeps. */
const LEASE_LOOK_MS = 1_000

export interface WorkerOptions extends ToolboxOptions {
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
  /** told when a segment that was taken here has ended here, after its lease was given back */
  onEnd?: ((ending: Ending) => void) | undefined
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

interface Current {
  task: Task
  work: Work
  stop: AbortController
}

/** Take one segment after the other, several at once where the volunteer says so, until it is told to end. */
export function startWorker(home: Home, parts: LeaseParts, options: WorkerOptions) {
  const { ledger, network, signer, clock } = parts
  const { log, mayWork } = options
  const failed = new LRUCache<string, Failure>({ max: 1000, ttl: FAILED_MS })
  const atWork = new Map<string, Current>()
  const picker = makePicker(parts)
  const toolbox = makeToolbox(options, (id, host, until, status) => {
    announceBackOff(parts, id, { host, until, status }).catch((error: ShoalError) =>
      log.debug({ host, code: error.code }, 'a back-off was not announced'),
    )
  })
  const bell = makeBell()
  let ending = false
  let produced = 0

  const forget = ledger.subscribe(({ how, campaign, work: other, backoff }) => {
    if (backoff !== null && how !== 'own') toolbox.leaveAlone(backoff.host, backoff.until)
    const mine = other && atWork.get(nameOf(campaign, other.segment))
    // somebody else was first, or has done it: the rules give way to them
    if (mine?.work.phase === 'run' && !isMine(mine.task)) mine.stop.abort(LOST)
  })

  function isMine({ id, segment }: Task): boolean {
    const holding = ledger.holding(id, segment)
    return holding.state !== 'free' && equalBytes(holding.peer, signer.publicKey)
  }

  async function work(task: Task): Promise<void> {
    const { id, segment } = task
    const name = nameOf(id, segment)
    const stop = new AbortController()
    const shown: Work = { campaign: id.toString(), segment, phase: 'claim', stages: [], since: clock() }
    atWork.set(name, { task, work: shown, stop })
    const tell = (how: EndingHow) => options.onEnd?.({ campaign: id.toString(), segment, ...how })
    let lease: Lease | null = null
    try {
      lease = await takeLease(parts, id, segment)
      if (!lease.resumed) {
        await sleep(options.contentionMs ?? CONTENTION_MS, undefined, { signal: stop.signal })
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
      tell({ how: 'done', manifest })
    } catch (error) {
      const { code = 'unexpected', message } = error as ShoalError
      // the release of the lease stops it as well
      const { aborted, reason } = stop.signal
      if (!aborted) {
        failed.set(name, { campaign: id.toString(), segment, code, message })
        log.warn({ segment, code }, 'a segment failed')
      }
      await lease?.release()
      if (!aborted) tell({ how: 'failed', code, message })
      else tell({ how: reason === LOST ? 'lost' : 'given_up' })
    } finally {
      atWork.delete(name)
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
        .catch(({ code, message }: ShoalError) => {
          log.warn({ segment, code, message }, 'no renewal')
          if (code === 'lease_over') stop.abort()
        })
    }, LEASE_LOOK_MS)
    try {
      return await toolbox.use(task.id, task.campaign, (tools) => produce(task, tools, shown, stop.signal))
    } finally {
      clearInterval(timer)
      await renewal
    }
  }

  async function produce(
    { id, campaign, segment }: Task,
    tools: Tools,
    shown: Work,
    signal: AbortSignal,
  ): Promise<string> {
    const { pipeline } = campaign
    const source = await locateSource(home.blocks, campaign, segment)
    const { crawl, images, scorer } = tools
    const { manifest } = await produceShard(
      { ...home, crawl, images, scorer },
      makeJob({ source, bytes: null, fingerprint: source.location }, id, pipeline.rules, {
        ...options,
        duplicatesWithin: 'segment',
      }),
      { campaign: id, segment, pipeline: pipelineId(pipeline), software: `shoal/${VERSION}` },
      {
        ...{ threads: options.threads, workDir: home.workDir, signal },
        onProgress: (stages) => {
          shown.stages = stages
        },
      },
    )
    const envelope = await home.store.shards.get(CID.parse(manifest).bytes)
    if (!envelope)
      throw new ShoalError('shard_unknown', `shard ${manifest} is gone: was the data directory changed?`)
    await publishOwn(parts, id, new Uint8Array(envelope))
    return manifest
  }

  async function loop(): Promise<void> {
    while (!ending) {
      const task = mayWork() && (await options.mayBegin()) && !ending ? pick() : null
      if (task) await work(task)
      else await bell.wait(idleMs(1, Math.random))
    }
  }

  function pick(): Task | null {
    const campaigns = ledger.campaigns().filter(({ id }) => options.isReady(id))
    const isLeft = (id: CID, segment: number) => {
      const name = nameOf(id, segment)
      return failed.has(name) || atWork.has(name)
    }
    return picker.pick(campaigns, isLeft)
  }

  const ended = Promise.all(Array.from({ length: options.segments }, loop)).then(async () => {
    forget()
    picker.close()
    await toolbox.close()
  })

  function putDown(isMeant: (task: Task) => boolean): void {
    for (const { task, stop } of atWork.values()) if (isMeant(task)) stop.abort()
  }

  return {
    atWork: () => [...atWork.values()].map((current) => current.work),
    failures: () => [...failed.values()],
    /** segments done since the start */
    produced: () => produced,
    /** Look again what may be done: work or rest. What is at work and may not be is put down, and given up. */
    look() {
      if (!mayWork()) putDown(() => true)
      bell.ring()
    },
    putDown: (campaign: CID) => putDown(({ id }) => campaign.equals(id)),
    /** Take no more segments. @param how - `now`: give up those at work; their runs go on where they were another time */
    end(how: 'now' | 'later'): Promise<void> {
      ending = true
      if (how === 'now') putDown(() => true)
      bell.ring()
      return ended
    },
  }
}

function nameOf(campaign: CID, segment: number): string {
  return `${campaign} ${segment}`
}
