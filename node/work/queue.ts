import { createHash } from 'node:crypto'
import { decode, encode } from '@ipld/dag-cbor'
import { isMasked, type Outcome } from '../../protocol/outcomes.ts'
import type { ArchivedImage, Candidate, Extracted, Gate, Page, Pair, SegmentCounts } from '../components.ts'
import { orderedKey, type Store, startingWith, type Write } from '../store/store.ts'
import { maskCandidate, maskWrite } from './mask.ts'
import type { RunState } from './run-state.ts'

/** What was read of a segment lies in the database page by page, so that reading it is done once. */

/** A candidate on its way through the pipeline, and where its result belongs. */
export interface Task {
  /** in `store.outcomes` */
  key: Uint8Array
  page: Omit<Page, 'candidates'>
  candidate: Candidate
}

/** How a task ended. */
export interface Settled {
  outcome: Outcome
  /** for the record: a status, a token, a decoder's message */
  detail: string | null
  similarity: number | null
  /** of the image, where it was fetched and as far as it was looked into; lower-case hex */
  sha256: string | null
  pdq: string | null
  /** present where the outcome is `kept` */
  pair: SettledPair | null
}

/** What is known of a kept pair besides its candidate and outcome. */
export type SettledPair = Pick<
  Pair,
  | 'width'
  | 'height'
  | 'md5'
  | 'fetchedAt'
  | 'signals'
  | 'signalsAt'
  | 'nsfw'
  | 'watermark'
  | 'tags'
  | 'faces'
  | 'faceBoxes'
> & {
  /** float16, little-endian */
  embedding: Uint8Array
}

/**
 * Read the segment into the database. A reading that was cut short is begun anew.
 *
 * @param gate - what it names is not even written there
 */
export async function storeExtracted(
  store: Store,
  run: Uint8Array,
  extracted: AsyncIterable<Extracted>,
  gate: Gate | null,
  onBatch: (counts: SegmentCounts) => void,
): Promise<NonNullable<RunState['read']>> {
  for (const table of [store.pages, store.archived]) await table.clear(startingWith(run))
  let pageNumber = 0
  let open = 0
  let counts: SegmentCounts | null = null
  for await (const batch of extracted) {
    const writes: Write[] = []
    for (const read of batch.pages) {
      const page = gate === null ? read : maskPage(read, gate)
      writes.push({
        type: 'put',
        sublevel: store.pages,
        key: orderedKey(run, pageNumber++),
        value: encode(page),
      })
      open += page.candidates.filter(isOpen).length
    }
    for (const image of batch.images) {
      const value = encode([image.warcOffset, image.warcLength])
      writes.push({ type: 'put', sublevel: store.archived, key: archiveKey(run, image.url), value })
    }
    counts = batch.counts
    await store.batch(writes)
    onBatch(counts)
  }
  return { counts: counts ?? EMPTY_COUNTS, open }
}

function maskPage(page: Page, gate: Gate): Page {
  return { ...page, candidates: page.candidates.map((candidate) => maskCandidate(candidate, page, gate)) }
}

const EMPTY_COUNTS: SegmentCounts = {
  bytes: 0,
  records: 0,
  responses: 0,
  htmlPages: 0,
  badRecords: 0,
  imgs: 0,
  candidates: 0,
}

function isOpen(candidate: Candidate): boolean {
  return candidate.outcome === null
}

type Place = Omit<ArchivedImage, 'url'>

/** @returns where the segment's own WARC holds this image, or null */
export async function findArchived(store: Store, run: Uint8Array, url: string): Promise<Place | null> {
  return openPlace(await store.archived.get(archiveKey(run, url)))
}

/** The same of many images at once. */
export async function findAllArchived(
  store: Store,
  run: Uint8Array,
  urls: string[],
): Promise<(Place | null)[]> {
  return (await store.archived.getMany(urls.map((url) => archiveKey(run, url)))).map(openPlace)
}

/** Whether the segment's own WARC holds any image. */
export async function hasArchived(store: Store, run: Uint8Array): Promise<boolean> {
  return (await store.archived.keys({ ...startingWith(run), limit: 1 }).all()).length > 0
}

function openPlace(bytes: Uint8Array | undefined): Place | null {
  if (bytes === undefined) return null
  const [warcOffset, warcLength] = decode<[number, number]>(bytes)
  return { warcOffset, warcLength }
}

function archiveKey(run: Uint8Array, url: string): Uint8Array {
  return Buffer.concat([run, createHash('md5').update(url).digest()])
}

/**
 * The tasks that are still to do, in the segment's order. Of several candidates with the same address and
 * text in one campaign the first goes on; the others are settled here, without a request.
 *
 * @param scope - the campaign's id: pairs of other campaigns are no duplicates
 */
export async function* readTasks(
  store: Store,
  run: Uint8Array,
  scope: Uint8Array,
  onSkipped: (count: number) => void,
  signal?: AbortSignal,
): AsyncGenerator<Task> {
  for await (const [pageKey, bytes] of store.pages.iterator(startingWith(run))) {
    signal?.throwIfAborted()
    const { candidates, ...page } = decode<Page>(bytes)
    const settled = new Set<string>()
    for await (const key of store.outcomes.keys(startingWith(pageKey))) settled.add(hex(key))
    const tasks = candidates.flatMap((candidate, index) =>
      isOpen(candidate) ? [{ key: orderedKey(pageKey, index), page, candidate }] : [],
    )
    const duplicates = await settleDuplicates(store, run, scope, tasks)
    const rest = tasks.filter((task) => !settled.has(hex(task.key)) && !duplicates.has(task))
    onSkipped(tasks.length - rest.length)
    yield* rest
  }
}

async function settleDuplicates(
  store: Store,
  run: Uint8Array,
  scope: Uint8Array,
  tasks: Task[],
): Promise<Set<Task>> {
  const keys = tasks.map(({ candidate }) => seenKey(scope, candidate))
  const owners = new Map<string, Uint8Array>()
  const stored = await store.seen.getMany(keys)
  keys.forEach((key, i) => {
    if (stored[i] !== undefined) owners.set(hex(key), stored[i])
  })
  const writes: Write[] = []
  const duplicates = new Set<Task>()
  tasks.forEach((task, i) => {
    const key = keys[i] as Uint8Array
    const owner = owners.get(hex(key))
    if (owner === undefined) {
      owners.set(hex(key), task.key)
      writes.push({ type: 'put', sublevel: store.seen, key, value: task.key })
    } else if (Buffer.compare(owner, task.key) !== 0) {
      duplicates.add(task)
      const here = Buffer.compare(owner.subarray(0, run.length), run) === 0
      const outcome = here ? 'duplicate' : 'duplicate_elsewhere'
      writes.push({
        type: 'put',
        sublevel: store.outcomes,
        key: task.key,
        value: encodeSettled(drop(outcome)),
      })
    }
  })
  if (writes.length > 0) await store.batch(writes)
  return duplicates
}

function seenKey(scope: Uint8Array, { url, text }: Candidate): Uint8Array {
  return Buffer.concat([scope, createHash('md5').update(url).update(text).digest()])
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

export function drop(
  outcome: Outcome,
  detail: string | null = null,
  similarity: number | null = null,
): Settled {
  return { outcome, detail, similarity, sha256: null, pdq: null, pair: null }
}

function encodeSettled(settled: Settled): Uint8Array {
  return encode(settled)
}

/** Make a task's end durable. */
export async function settle(store: Store, run: Uint8Array, task: Task, settled: Settled): Promise<void> {
  const value = encodeSettled(settled)
  if (!isMasked(settled.outcome)) return store.outcomes.put(task.key, value)
  await store.batch([
    { type: 'put', sublevel: store.outcomes, key: task.key, value },
    maskWrite(store, run, task.candidate.url, settled.outcome),
  ])
}

/** Drop what a published run no longer needs; its state stays, and what it has seen. */
export async function clearRun(store: Store, run: Uint8Array): Promise<void> {
  for (const table of [store.outcomes, store.archived, store.masked, store.pages])
    await table.clear(startingWith(run))
}
