import parallel from 'it-parallel'
import { pipe } from 'it-pipe'
import { type FilterRules, leastSimilarity } from '../../protocol/rules/filter.ts'
import type { DecodedImage, FetchedImage, FetchResult, Images, Scorer } from '../components.ts'
import { freeBytes } from '../free-bytes.ts'
import { drop, type Settled, type Task } from './queue.ts'
import { openRoom, type Share } from './room.ts'

/** What the stages need of the other parts, and no more. */
export interface StageParts {
  /** from the segment's own archive or from the web */
  fetch(url: string, makeRoom: Share['take']): Promise<FetchResult>
  images: Pick<Images, 'decode'>
  scorer: Pick<Scorer, 'score' | 'geometry'>
  rules: FilterRules
  /** makes the result durable */
  settle(task: Task, settled: Settled): Promise<void>
  /** `ended`: the task goes no further than this stage */
  onPassed(stage: 'fetch' | 'decode' | 'score', ended: boolean): void
}

/** How many tasks each stage has in hand at once. */
export interface Concurrency {
  fetch: number
  decode: number
  score: number
}

/**
 * Bytes of images that are being fetched or wait for the decoder: some hundreds of ordinary pictures, and well above
 * what 32 requests hold that wait for room (1 MiB each) with one of the greatest besides.
 */
const IN_FLIGHT_BYTES = 96 * 1024 * 1024

/** A task with what the last stage made of it, or with its end. */
type Step<T> = { task: Task; value: T; settled?: never } | { task: Task; value?: never; settled: Settled }

/**
 * A candidate's way: fetch, decode, score, settle. Tasks overtake one another; a stage that is full
 * takes nothing more from the one before it.
 */
export async function collect(
  tasks: AsyncIterable<Task>,
  parts: StageParts,
  concurrency: Concurrency,
): Promise<void> {
  const room = openRoom(IN_FLIGHT_BYTES)
  await pipe(
    start(tasks),
    stage(concurrency.fetch, (task: Task) => fetchImage(parts, task, room.share())),
    stage(concurrency.decode, (fetched: Fetched, task) => decodeImage(parts, task, fetched)),
    stage(concurrency.score, (decoded: Decoded, task) => scorePair(parts, task, decoded)),
    (steps) => settleAll(steps, parts, concurrency.score),
  )
}

async function* start(tasks: AsyncIterable<Task>): AsyncGenerator<Step<Task>> {
  for await (const task of tasks) yield { task, value: task }
}

/** One stage: applies `work` to every task that has not ended yet, up to `concurrency` of them at once. */
function stage<In, Out>(concurrency: number, work: (value: In, task: Task) => Promise<Step<Out>>) {
  return (source: AsyncIterable<Step<In>>): AsyncGenerator<Step<Out>> => {
    async function* jobs() {
      for await (const step of source) {
        yield async (): Promise<Step<Out>> => (step.settled ? step : await work(step.value, step.task))
      }
    }
    return parallel(jobs(), { concurrency, ordered: false })
  }
}

interface Fetched {
  image: FetchedImage
  share: Share
}

async function fetchImage(parts: StageParts, task: Task, share: Share): Promise<Step<Fetched>> {
  const result = await parts.fetch(task.candidate.url, share.take)
  share.keep(result.ok ? result.image.bytes.length : 0)
  parts.onPassed('fetch', !result.ok)
  return result.ok
    ? { task, value: { image: result.image, share } }
    : { task, settled: drop(result.outcome, result.detail || null) }
}

interface Decoded {
  fetched: Omit<FetchedImage, 'bytes'>
  image: DecodedImage
}

async function decodeImage(parts: StageParts, task: Task, fetched: Fetched): Promise<Step<Decoded>> {
  const { bytes, ...rest } = fetched.image
  const result = await parts.images.decode(bytes, parts.scorer.geometry, parts.rules)
  freeBytes(bytes)
  fetched.share.keep(0)
  parts.onPassed('decode', !result.ok)
  return result.ok
    ? { task, value: { fetched: rest, image: result.image } }
    : { task, settled: drop(result.outcome, result.detail || null) }
}

async function scorePair(parts: StageParts, task: Task, { fetched, image }: Decoded): Promise<Step<never>> {
  const { text, language } = task.candidate
  const { similarity, embedding } = await parts.scorer.score(image.crop, text)
  freeBytes(image.crop)
  parts.onPassed('score', true)
  if (similarity < leastSimilarity(parts.rules, language)) {
    return { task, settled: drop('similarity', null, similarity) }
  }
  const { width, height, sha256, md5, pdq } = image
  const pair = {
    ...{ width, height, sha256, md5, pdq },
    fetchedAt: fetched.fetchedAt,
    signals: fetched.signals,
    embedding: new Uint8Array(Float16Array.from(embedding).buffer),
  }
  return { task, settled: { outcome: 'kept', detail: null, similarity, pair } }
}

async function settleAll(
  steps: AsyncIterable<Step<never>>,
  parts: StageParts,
  concurrency: number,
): Promise<void> {
  async function* jobs() {
    for await (const { task, settled } of steps) if (settled) yield () => parts.settle(task, settled)
  }
  for await (const _ of parallel(jobs(), { concurrency }));
}
