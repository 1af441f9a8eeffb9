import parallel from 'it-parallel'
import { pipe } from 'it-pipe'
import type { Outcome } from '../../protocol/outcomes.ts'
import { type FilterRules, leastSimilarity } from '../../protocol/rules/filter.ts'
import { judgeTags } from '../../protocol/rules/tags.ts'
import type {
  Candidate,
  DecodedImage,
  FetchedImage,
  FetchResult,
  Gate,
  Images,
  Looked,
  Looker,
  Page,
  Score,
  Scorer,
} from '../components.ts'
import { freeBytes } from '../free-bytes.ts'
import { drop, type Settled } from './queue.ts'
import { openRoom, type Share } from './room.ts'

/** What the stages look at of a task; the rest is its owner's. */
export interface StageTask {
  page: Pick<Page, 'url'>
  candidate: Pick<Candidate, 'url' | 'text' | 'language'>
}

/** What the stages saw of a task's image, whether or not it passed. */
export interface Seen {
  image: Omit<DecodedImage, 'crop' | 'views'> | null
  score: Score | null
  /** of a pair that is similar enough, where the campaign has anything looked for */
  looked: Looked | null
}

/** What the stages need of the other parts, and no more. */
export interface StageParts<Task extends StageTask> {
  /** from the segment's own archive or from the web */
  fetch(task: Task, makeRoom: Share['take']): Promise<FetchResult>
  images: Pick<Images, 'decode'>
  scorer: Pick<Scorer, 'score' | 'geometry'>
  /** null or absent: nothing is looked for */
  looker?: Pick<Looker, 'views' | 'look'> | null | undefined
  /** what it names is neither fetched nor decoded; null or absent: nothing is looked up */
  gate?: Gate | null | undefined
  rules: FilterRules
  /** shows some of what is scored to the owner of this machine; absent: nothing */
  sampler?:
    | {
        /** whether one more candidate is wanted that ends so */
        wants(outcome: Outcome): boolean
        /** @param image - `crop`: to be copied if it is to be kept */
        scored(task: Task, settled: Settled, image: Pick<DecodedImage, 'md5' | 'crop'>): void
      }
    | undefined
  /** takes the result: makes it durable */
  settle(task: Task, settled: Settled, seen: Seen): Promise<void>
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
type Step<Task, T> =
  | { task: Task; value: T; settled?: never }
  | { task: Task; value?: never; settled: Settled; seen: Seen }

const NOTHING: Seen = { image: null, score: null, looked: null }
const UNDECODED = { ok: false, outcome: 'withheld', detail: '', sha256: null } as const
const WITHHELD: FetchResult = { ok: false, outcome: 'withheld', detail: '', signals: [] }
const UNLOOKED = {
  nsfw: null,
  watermark: null,
  tags: [],
  faces: null,
  faceBoxes: null,
} satisfies Partial<Looked>

/**
 * A candidate's way: fetch, decode, score, settle. Tasks overtake one another; a stage that is full
 * takes nothing more from the one before it.
 */
export async function collect<Task extends StageTask>(
  tasks: AsyncIterable<Task>,
  parts: StageParts<Task>,
  concurrency: Concurrency,
): Promise<void> {
  const room = openRoom(IN_FLIGHT_BYTES)
  await pipe(
    start(tasks),
    stage(concurrency.fetch, (task: Task) => fetchImage(parts, task, room.share())),
    stage(concurrency.decode, (fetched: Fetched, task: Task) => decodeImage(parts, task, fetched)),
    stage(concurrency.score, (decoded: Decoded, task: Task) => scorePair(parts, task, decoded)),
    (steps) => settleAll(steps, parts, concurrency.score),
  )
}

async function* start<Task>(tasks: AsyncIterable<Task>): AsyncGenerator<Step<Task, Task>> {
  for await (const task of tasks) yield { task, value: task }
}

/** One stage: applies `work` to every task that has not ended yet, up to `concurrency` of them at once. */
function stage<Task, In, Out>(
  concurrency: number,
  work: (value: In, task: Task) => Promise<Step<Task, Out>>,
) {
  return (source: AsyncIterable<Step<Task, In>>): AsyncGenerator<Step<Task, Out>> => {
    async function* jobs() {
      for await (const step of source) {
        yield async (): Promise<Step<Task, Out>> => (step.settled ? step : await work(step.value, step.task))
      }
    }
    return parallel(jobs(), { concurrency, ordered: false })
  }
}

interface Fetched {
  image: FetchedImage
  share: Share
}

async function fetchImage<Task extends StageTask>(
  parts: StageParts<Task>,
  task: Task,
  share: Share,
): Promise<Step<Task, Fetched>> {
  const result = parts.gate?.hasAddress(task.candidate.url, task.page.url)
    ? WITHHELD
    : await parts.fetch(task, share.take)
  share.keep(result.ok ? result.image.bytes.length : 0)
  parts.onPassed('fetch', !result.ok)
  return result.ok
    ? { task, value: { image: result.image, share } }
    : { task, settled: drop(result.outcome, result.detail || null), seen: NOTHING }
}

interface Decoded {
  fetched: Omit<FetchedImage, 'bytes'>
  image: DecodedImage
}

async function decodeImage<Task extends StageTask>(
  parts: StageParts<Task>,
  task: Task,
  fetched: Fetched,
): Promise<Step<Task, Decoded>> {
  const { bytes, ...rest } = fetched.image
  const { gate, images, scorer, rules, looker } = parts
  const { url } = task.candidate
  const result = gate?.hasFile(url, bytes)
    ? UNDECODED
    : await images.decode(bytes, scorer.geometry, rules, looker?.views, gate?.namesPictures())
  freeBytes(bytes)
  fetched.share.keep(0)
  const isNamed = result.ok && gate?.hasPicture(url, result.image.turnedPdqs)
  parts.onPassed('decode', !result.ok || isNamed === true)
  if (result.ok && !isNamed) return { task, value: { fetched: rest, image: result.image } }
  if (result.ok) for (const pixels of [result.image.crop, ...result.image.views]) freeBytes(pixels)
  const { outcome, detail, sha256 } = result.ok ? UNDECODED : result
  return { task, settled: { ...drop(outcome, detail || null), sha256 }, seen: NOTHING }
}

async function scorePair<Task extends StageTask>(
  parts: StageParts<Task>,
  task: Task,
  { fetched, image: { crop, views, ...image } }: Decoded,
): Promise<Step<Task, never>> {
  const { text, language } = task.candidate
  const score = await parts.scorer.score(crop, text)
  parts.onPassed('score', true)
  const { similarity, embedding } = score
  const signals = [...fetched.signals, ...image.signals]
  const { width, height, sha256, md5, pdq } = image
  const isSimilar = similarity >= leastSimilarity(parts.rules, language)
  const isWanted = parts.sampler?.wants(isSimilar ? 'kept' : 'similarity') ?? false
  // nobody is shown what nobody has looked at
  const isLookedAt = isSimilar || isWanted
  const found = (isLookedAt && (await parts.looker?.look({ width, height, views, embedding }))) || null
  for (const view of views) freeBytes(view)
  const refusal = judgeTags(found?.tags ?? [])
  const looked = isSimilar ? found : null
  // nobody finds by what was dropped what nobody should find, or should not be shown
  if (looked !== null && refusal !== null) {
    freeBytes(crop)
    return { task, settled: drop(refusal), seen: { image, score, looked } }
  }
  const { margins: _, ...tagged } = looked ?? { ...UNLOOKED, margins: null }
  const pair = isSimilar
    ? {
        ...{ width, height, md5, fetchedAt: fetched.fetchedAt, signals },
        signalsAt: [...fetched.signalsAt, ...image.signals.map(() => fetched.fetchedAt)],
        ...tagged,
        embedding: new Uint8Array(Float16Array.from(embedding).buffer),
      }
    : null
  const outcome = isSimilar ? 'kept' : 'similarity'
  const settled = { outcome, detail: null, similarity, sha256, pdq, pair } as const
  if (isWanted && refusal === null) parts.sampler?.scored(task, settled, { md5, crop })
  freeBytes(crop)
  return { task, settled, seen: { image, score, looked } }
}

async function settleAll<Task extends StageTask>(
  steps: AsyncIterable<Step<Task, never>>,
  parts: StageParts<Task>,
  concurrency: number,
): Promise<void> {
  async function* jobs() {
    for await (const step of steps)
      if (step.settled) yield () => parts.settle(step.task, step.settled, step.seen)
  }
  for await (const _ of parallel(jobs(), { concurrency }));
}
