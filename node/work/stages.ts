import parallel from 'it-parallel'
import { pipe } from 'it-pipe'
import { type FilterRules, leastSimilarity } from '../../protocol/rules/filter.ts'
import type { DecodedImage, FetchedImage, FetchResult, Images, Scorer } from '../components.ts'
import { drop, type Settled, type Task } from './queue.ts'

/** What the stages need of the other parts, and no more. */
export interface StageParts {
  /** from the segment's own archive or from the web */
  fetch(url: string): Promise<FetchResult>
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
  await pipe(
    start(tasks),
    stage(concurrency.fetch, (task: Task) => fetchImage(parts, task)),
    stage(concurrency.decode, (image: FetchedImage, task) => decodeImage(parts, task, image)),
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

async function fetchImage(parts: StageParts, task: Task): Promise<Step<FetchedImage>> {
  const result = await parts.fetch(task.candidate.url)
  parts.onPassed('fetch', !result.ok)
  return result.ok
    ? { task, value: result.image }
    : { task, settled: drop(result.outcome, result.detail || null) }
}

interface Decoded {
  fetched: Omit<FetchedImage, 'bytes'>
  image: DecodedImage
}

async function decodeImage(parts: StageParts, task: Task, fetched: FetchedImage): Promise<Step<Decoded>> {
  const { bytes, ...rest } = fetched
  const result = await parts.images.decode(bytes, parts.scorer.geometry, parts.rules)
  parts.onPassed('decode', !result.ok)
  return result.ok
    ? { task, value: { fetched: rest, image: result.image } }
    : { task, settled: drop(result.outcome, result.detail || null) }
}

async function scorePair(parts: StageParts, task: Task, { fetched, image }: Decoded): Promise<Step<never>> {
  const { text, language } = task.candidate
  const { similarity, embedding } = await parts.scorer.score(image.crop, text)
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
