import { LRUCache } from 'lru-cache'
import { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { type Campaign, pipelineId } from '../../protocol/records/campaign.ts'
import { idleMs, makeRoster, pickSegment } from '../../protocol/rules/assign.ts'
import { segmentCount } from '../../protocol/rules/segment.ts'
import { segmentKey } from '../../protocol/segment-key.ts'
import { CONTENTION_MS, QUIET_MS, RENEW_MS } from '../../protocol/timing.ts'
import { locateSource } from '../campaigns/campaigns.ts'
import type { StageProgress } from '../components.ts'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import { produceShard } from '../produce-shard.ts'
import { makeJob } from '../segment-job.ts'
import { VERSION } from '../version.ts'
import { type Lease, type LeaseParts, publishOwn, takeLease } from './lease.ts'
import { openTools, type ToolOptions, type Tools } from './tools.ts'

/** Claimants of a segment that are asked for their claims: where there are more, one of them tells enough. */
const MAX_CLAIMANTS = 5
/** Milliseconds that a segment which failed here is left to others. */
const FAILED_MS = 30 * 60_000
/** Peers that were heard lately: those of a large campaign. */
const MAX_HEARD = 20_000

export interface WorkerOptions extends ToolOptions {
  log: Log
  /** in place of CONTENTION_MS, for tests */
  contentionMs?: number | undefined
  /** whether the volunteer lets this machine work now */
  mayWork: () => boolean
  isReady: (campaign: CID) => boolean
}

/** The segment at work. */
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

interface Task {
  id: CID
  campaign: Campaign
  segment: number
}

/** Take one segment after the other until it is told to end. */
export function startWorker(home: Home, parts: LeaseParts, options: WorkerOptions) {
  const { ledger, network, signer, clock } = parts
  const { log, mayWork } = options
  const failed = new LRUCache<string, Failure>({ max: 1000, ttl: FAILED_MS })
  const heard = new LRUCache<string, true>({ max: MAX_HEARD, ttl: QUIET_MS })
  const bell = makeBell()
  let ending: 'now' | 'later' | null = null
  let current: { task: Task; work: Work; stop: AbortController } | null = null
  let tools: { campaign: string; tools: Tools } | null = null
  let produced = 0

  const forget = ledger.subscribe(({ how, campaign, work }) => {
    if (work === null) return
    if (how !== 'own') heard.set(nameOf(work.peer), true)
    const { task, work: mine, stop } = current ?? {}
    // somebody else was first, or has done it: the rules give way to them
    if (mine?.phase === 'run' && task?.segment === work.segment && task.id.equals(campaign) && !isMine(task))
      stop?.abort()
  })

  function isMine({ id, segment }: Task): boolean {
    const holding = ledger.holding(id, segment)
    return holding.state !== 'free' && equalBytes(holding.peer, signer.publicKey)
  }

  function pick(): Task | null {
    const campaigns = ledger.campaigns().filter(({ id }) => options.isReady(id))
    for (const { id, campaign } of shuffle(campaigns)) {
      const isLeft = (segment: number) => failed.has(`${id} ${segment}`)
      const left = ledger
        .holdings(id)
        .find(
          ({ segment, holding }) =>
            holding.state === 'held' && isMine({ id, campaign, segment }) && !isLeft(segment),
        )
      const segment =
        left?.segment ??
        pickSegment({
          segmentCount: segmentCount(campaign),
          isFree: (one) => ledger.holding(id, one).state === 'free' && !isLeft(one),
          peers: makeRoster([...ledger.activePeers(id), signer.publicKey]),
          isHeard: (peer) => equalBytes(peer, signer.publicKey) || heard.has(nameOf(peer)),
          self: signer.publicKey,
          random: Math.random,
        })
      if (segment !== null) return { id, campaign, segment }
    }
    return null
  }

  async function work(task: Task): Promise<void> {
    const { id, segment } = task
    const stop = new AbortController()
    const shown: Work = { campaign: id.toString(), segment, phase: 'claim', stages: [], since: clock() }
    current = { task, work: shown, stop }
    let lease: Lease | null = null
    try {
      lease = await takeLease(parts, id, segment)
      if (!lease.resumed) {
        await bell.wait(options.contentionMs ?? CONTENTION_MS, stop.signal)
        await askClaimants(task, stop.signal)
      }
      stop.signal.throwIfAborted()
      if (!lease.holds()) {
        log.info({ segment }, 'somebody else has the segment')
        return await lease.release()
      }
      shown.phase = 'run'
      await run(task, lease, shown, stop.signal)
      await lease.end()
      produced++
    } catch (error) {
      const { code = 'unexpected', message } = error as ShoalError
      if (!stop.signal.aborted) {
        failed.set(`${id} ${segment}`, { campaign: id.toString(), segment, code, message })
        log.warn({ segment, code }, 'a segment failed')
      }
      await lease?.release()
    } finally {
      current = null
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

  async function run(
    { id, campaign, segment }: Task,
    lease: Lease,
    shown: Work,
    signal: AbortSignal,
  ): Promise<void> {
    const { crawl, images, scorer } = await toolsFor(id, campaign)
    const source = await locateSource(home.blocks, campaign, segment)
    let renewal: Promise<unknown> = Promise.resolve()
    const timer = setInterval(() => {
      renewal = lease
        .renew()
        .catch((error: Error) => log.warn({ segment, error: error.message }, 'no renewal'))
    }, RENEW_MS)
    try {
      const { pipeline } = campaign
      const { manifest } = await produceShard(
        { ...home, crawl, images, scorer },
        makeJob({ source, bytes: null, fingerprint: source.location }, id, pipeline.rules, options),
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
      log.info({ segment, manifest }, 'a segment is done')
    } finally {
      clearInterval(timer)
      await renewal
    }
  }

  async function toolsFor(id: CID, campaign: Campaign): Promise<Tools> {
    if (tools?.campaign !== id.toString()) {
      await tools?.tools.close()
      tools = null
      tools = { campaign: id.toString(), tools: await openTools(campaign, options) }
    }
    return tools.tools
  }

  async function loop(): Promise<void> {
    while (ending === null) {
      const task = mayWork() ? pick() : null
      if (task) await work(task)
      else await bell.wait(idleMs(1, Math.random))
    }
    forget()
    await tools?.tools.close()
  }
  const ended = loop()

  return {
    current: () => current?.work ?? null,
    failures: () => [...failed.values()],
    /** segments done since the start */
    produced: () => produced,
    /** Look again what may be done: work or rest. What is at work and may not be is put down, and given up. */
    look() {
      if (!mayWork()) current?.stop.abort()
      bell.ring()
    },
    putDown(campaign: CID) {
      if (current?.task.id.equals(campaign)) current.stop.abort()
    },
    /** Take no more segments. @param how - `now`: give up the one at work; its run goes on where it was another time */
    end(how: 'now' | 'later'): Promise<void> {
      ending = how
      if (how === 'now') current?.stop.abort()
      // what waits for others to claim goes on to do so
      if (current === null) bell.ring()
      return ended
    },
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('base64')
}

function shuffle<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** A wait that can be cut short. */
function makeBell() {
  let ring = () => {}
  return {
    ring: () => ring(),
    wait: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, ms)
        signal?.addEventListener('abort', done)
        if (signal?.aborted) done()
        // with a signal, nothing else ends it
        ring = signal ? () => {} : done
      }),
  }
}
