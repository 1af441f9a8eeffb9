import { MAX_IMAGE_BYTES } from '../../protocol/limits.ts'
import type { ConsentSignal } from '../../protocol/rules/consent.ts'
import { coarserDevice } from '../../protocol/rules/device-class.ts'
import type { FilterRules } from '../../protocol/rules/filter.ts'
import type {
  Crawl,
  FetchResult,
  Gate,
  Images,
  Looker,
  OnAmount,
  Scorer,
  SegmentSource,
  StageProgress,
} from '../components.ts'
import type { Store } from '../store/store.ts'
import { findArchived, readTasks, type Settled, settle, storeExtracted, type Task } from './queue.ts'
import { readArchived } from './read-archived.ts'
import { type FinishedRun, isFinished, openRun, saveRun } from './run-state.ts'
import { type Concurrency, collect, type StageParts } from './stages.ts'

export { uidOf } from './mask.ts'
export { clearRun, type Settled, type Task } from './queue.ts'
export { readArchived } from './read-archived.ts'
export { readRows } from './rows.ts'
export { type FinishedRun, saveRun } from './run-state.ts'
export { collect, type Seen, type StageParts } from './stages.ts'

export interface SegmentJob {
  source: SegmentSource
  /** bytes of the source as stored, or null while unknown */
  sourceBytes: number | null
  /** changes when the source does */
  fingerprint: string
  /** 16 bytes that name this run of this segment: the same after a restart */
  run: Uint8Array
  /** within which pairs count as duplicates of one another: the campaign */
  scope: Uint8Array
  rules: FilterRules
  /** the campaign's `pipeline.consent`, as crawl and images have it */
  honoured: readonly ConsentSignal[]
  /** milliseconds since 1970 */
  clock: () => number
  /** never touch the network */
  offline: boolean
}

export interface WorkParts {
  crawl: Crawl
  images: Images
  scorer: Scorer
  /** null or absent: the campaign has nothing looked for in pictures */
  looker?: Looker | null | undefined
  /** null or absent: nothing is kept from being asked for */
  gate?: Gate | null | undefined
  store: Store
}

/**
 * Candidates that wait at one host's gap must not keep others from being fetched, so the window is wide;
 * the fetcher itself limits what is really under way.
 */
const FETCH_WINDOW = 512
/** Pairs at the scorer: some are looked at or settled meanwhile. */
const SCORE_WINDOW = 64
/** Of each device: one that it works on, one that is ready, and one that fills. */
const BATCHES = 3
const DONE = { fetch: 'fetched', decode: 'decoded', score: 'scored' } as const
/** Milliseconds between two reports of progress. */
const REPORT_MS = 100

/** Picks some of the candidates that pass, to show them to whoever owns this machine. */
export interface Sampler extends NonNullable<StageParts<Task>['sampler']> {
  /** told how every candidate has ended that was to be fetched */
  settled(task: Task, settled: Settled): void
}

/**
 * Run one segment up to its last candidate: read it, then fetch, decode and score. Every finished candidate is
 * in the database at once; run again after any end of the process, it goes on with those that are left.
 * The rows are then read with `readRows`, and the run is forgotten with `clearRun` when its shard is published.
 */
export async function runSegment(
  parts: WorkParts,
  job: SegmentJob,
  options: {
    threads: number
    onProgress: (stages: StageProgress[]) => void
    onAmount?: OnAmount | undefined
    sampler?: Sampler | undefined
    signal?: AbortSignal | undefined
  },
): Promise<FinishedRun> {
  const { store, crawl, images, scorer, looker, gate = null } = parts
  const { run, scope, rules, source, clock } = job
  const { signal, sampler, onAmount = () => {} } = options
  const state = await openRun(
    store,
    run,
    scope,
    { content: job.fingerprint, device: scorer.deviceClass },
    clock(),
  )
  if (isFinished(state)) return state
  const report = startReport(job, options.onProgress)
  try {
    const read =
      state.read ??
      (await storeExtracted(store, run, crawl.extract(source, rules, signal), gate, ({ bytes }) =>
        onAmount('read', report.read(bytes)),
      ))
    await saveRun(store, run, { ...state, read })
    report.open(read)
    await collect(
      readTasks(store, run, scope, (count) => report.skip(count), signal),
      {
        fetch: ({ candidate }, makeRoom) => fetchImage(parts, job, candidate.url, makeRoom, signal),
        images,
        scorer,
        looker,
        gate,
        ...{ rules, sampler },
        async settle(task, settled) {
          await settle(store, run, task, settled)
          sampler?.settled(task, settled)
          onAmount(settled.outcome, 1)
        },
        onPassed(stage, ended) {
          report.pass(stage, ended)
          onAmount(DONE[stage], 1)
        },
      },
      windowsOf(options.threads, scorer),
    )
    // a device may have been lost meanwhile
    const deviceClass = coarserDevice(state.deviceClass, scorer.deviceClass) ?? state.deviceClass
    return await saveRun(store, run, { ...state, read, deviceClass, finishedAt: clock() })
  } finally {
    report.end()
  }
}

/** @param threads - that decode */
export function windowsOf(threads: number, scorer: Pick<Scorer, 'devices'>): Concurrency {
  const pairs = scorer.devices().reduce((sum, { batch }) => sum + batch, 0)
  return { fetch: FETCH_WINDOW, decode: 2 * threads + 2, score: Math.max(SCORE_WINDOW, BATCHES * pairs) }
}

async function fetchImage(
  { store, crawl, images }: WorkParts,
  { source, run, offline, honoured }: SegmentJob,
  url: string,
  makeRoom: (bytes: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<FetchResult> {
  const archived = await findArchived(store, run, url)
  if (archived !== null) {
    await makeRoom(MAX_IMAGE_BYTES)
    return readArchived(crawl, source, { ...archived, url }, honoured)
  }
  if (offline) return { ok: false, outcome: 'offline', detail: '', signals: [] }
  return images.fetch(url, signal, makeRoom)
}

/** Counts what passes and tells it on a timer; the last report always comes. */
function startReport(job: SegmentJob, onProgress: (stages: StageProgress[]) => void) {
  const done = { read: 0, fetch: 0, decode: 0, score: 0 }
  let open: number | null = null
  let changed = true
  const tell = () => {
    if (!changed) return
    changed = false
    onProgress([
      { stage: 'read', done: done.read, total: job.sourceBytes, unit: 'bytes' },
      { stage: 'fetch', done: done.fetch, total: open, unit: 'images' },
      { stage: 'decode', done: done.decode, total: open, unit: 'images' },
      { stage: 'score', done: done.score, total: open, unit: 'pairs' },
    ])
  }
  const timer = setInterval(tell, REPORT_MS)
  const count = (stage: keyof typeof done, by: number) => {
    done[stage] += by
    changed = true
  }
  return {
    /** @returns how much more that is */
    read(bytes: number): number {
      const more = bytes - done.read
      count('read', more)
      return more
    },
    open(read: FinishedRun['read']) {
      open = read.open
      count('read', read.counts.bytes - done.read)
    },
    /** tasks that were settled before, or as duplicates */
    skip(by: number) {
      for (const stage of ['fetch', 'decode', 'score'] as const) count(stage, by)
    },
    /** a task that has ended skips the stages after this one */
    pass(stage: 'fetch' | 'decode' | 'score', ended: boolean) {
      count(stage, 1)
      if (ended && stage === 'fetch') count('decode', 1)
      if (ended && stage !== 'score') count('score', 1)
    },
    end() {
      clearInterval(timer)
      tell()
    },
  }
}
