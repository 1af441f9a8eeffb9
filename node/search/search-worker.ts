/// <reference lib="esnext.float16" />
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { CID } from 'multiformats/cid'
import { openTable, type Row } from '../shard/shard.ts'
import { type Blocks, openBlocks } from '../store/store.ts'
import { COPIED_COLUMNS, copyRows } from './row-copies.ts'
import { gatherWords, readWords, rowsAlike, rowsOf, type ShardWords } from './shard-words.ts'
import {
  createVectors,
  fileOfHead,
  HEAD_ENDING,
  type Neighbour,
  openVectors,
  type Vectors,
} from './vectors.ts'
import { wordsOf } from './words.ts'

/** A shard's pairs, to be indexed; `model` is null where it is not known which model embedded them. */
export interface IndexJob {
  manifest: string
  file: { name: string; cid: string; bytes: number; rows: number }
  model: string | null
}

/** What is indexed, by manifest. */
export interface Indexed {
  words: string[]
  vectors: { name: string; model: string; dimension: number; rows: number; shards: string[] }[]
  /** files that were not as they were written, and are gone */
  broken: string[]
}

export interface Place {
  manifest: string
  row: number
  /** bits by which its PDQ differs from the one asked for */
  bits?: number
}

/** Bytes of words' files that are kept in memory, as they were checked. */
const MAX_KEPT_BYTES = 256 * 1024 * 1024
/** Vectors that are added before an index is saved, and as a part of those it has: each time all of it is written. */
const SAVE_AFTER = 50_000
const SAVE_PART = 0.25

let dir = ''
let threads = 1
let blocks: Blocks
const indexes = new Map<string, { model: string; vectors: Vectors; unsaved: number }>()
const kept = new LRUCache<string, ShardWords>({
  maxSize: MAX_KEPT_BYTES,
  sizeCalculation: ({ words, pdqRows }) => 1 + words.byteLength + 36 * pdqRows.length,
})

const TASKS = { open, index, save, forget, near, find, alike }
export type SearchTasks = typeof TASKS

/** The thread that has the index: one task at a time. */
export default async function work<Task extends keyof SearchTasks>({
  task,
  argument,
}: {
  task: Task
  argument: Parameters<SearchTasks[Task]>[0]
}): Promise<unknown> {
  return (TASKS[task] as (argument: unknown) => unknown)(argument)
}

async function open(options: { dir: string; blocksDir: string; threads: number }): Promise<Indexed> {
  dir = options.dir
  threads = options.threads
  blocks = await openBlocks(options.blocksDir)
  await mkdir(join(dir, 'words'), { recursive: true })
  await mkdir(join(dir, 'rows'), { recursive: true })
  await mkdir(join(dir, 'vectors'), { recursive: true })
  const broken: string[] = []
  const files = await readdir(join(dir, 'vectors'))
  const named = new Set<string | null>()
  for (const head of files.filter((file) => file.endsWith(HEAD_ENDING))) {
    const name = head.slice(0, -HEAD_ENDING.length)
    const vectors = /^\w+-\d+$/.test(name) ? await openVectors(join(dir, 'vectors'), name, threads) : null
    if (vectors === null) {
      broken.push(head)
      continue
    }
    named.add(head).add(await fileOfHead(join(dir, 'vectors', head)))
    indexes.set(name, { model: name.replace(/-\d+$/, ''), vectors, unsaved: 0 })
  }
  for (const file of files) if (!named.has(file)) await rm(join(dir, 'vectors', file), { force: true })
  // of a shard the rows are written before the words
  const words = await tidy('words', () => true)
  await tidy('rows', (manifest) => words.includes(manifest))
  return { words, vectors: list(), broken }
}

function list(): Indexed['vectors'] {
  return Array.from(indexes, ([name, { model, vectors }]) => ({
    ...{ name, model, dimension: vectors.dimension, rows: vectors.rows, shards: [...vectors.shards.keys()] },
  }))
}

/** Index a shard: its words, its vectors or both, whatever is missing. @throws ShoalError as `openTable` */
async function index({ manifest, file, model }: IndexJob): Promise<Indexed['vectors']> {
  const table = await openTable(blocks, { ...file, cid: CID.parse(file.cid) })
  const words = gatherWords()
  const copies = await copyRows(join(dir, 'rows', manifest))
  try {
    const adding = model === null || isIn(model, manifest) ? null : addTo(model, manifest)
    let row = 0
    for await (const rows of table.groups([...COPIED_COLUMNS, ...(adding ? ['embedding'] : [])])) {
      for (const [i, one] of rows.entries()) words.add(row + i, wordsOf(one), one.pdq as string | null)
      await copies.add(rows)
      adding?.add(row, rows)
      row += rows.length
    }
    adding?.end()
    await copies.finish()
  } finally {
    await copies.close()
  }
  await words.save(join(dir, 'words', manifest))
  kept.delete(manifest)
  for (const one of indexes.values())
    if (one.unsaved > Math.max(SAVE_AFTER, SAVE_PART * one.vectors.rows)) await saveOne(one)
  return list()
}

function isIn(model: string, manifest: string): boolean {
  return [...indexes.values()].some((one) => one.model === model && one.vectors.shards.has(manifest))
}

/** Adds a shard's embeddings to the index of its model and of the first one's length; others are passed over. */
function addTo(model: string, manifest: string) {
  let begun: { one: { unsaved: number }; dimension: number; shard: ReturnType<Vectors['begin']> } | null =
    null
  return {
    add(from: number, rows: Row[]): void {
      const length = (rows[0]?.embedding as Uint8Array | undefined)?.length ?? 0
      if (begun === null && (length < 2 || length % 2 !== 0 || length > 2 ** 17)) return
      begun ??= begin(length / 2)
      const { dimension, one, shard } = begun
      const vectors = new Float32Array(rows.length * dimension)
      const numbers = new Uint32Array(rows.length)
      let count = 0
      for (const [i, row] of rows.entries()) {
        const bytes = row.embedding as Uint8Array
        if (bytes.length !== 2 * dimension) continue
        const vector = vectors.subarray(count * dimension, (count + 1) * dimension)
        vector.set(new Float16Array(bytes.slice().buffer))
        const square = vector.reduce((sum, value) => sum + value * value, 0)
        if (Number.isFinite(square) && square > 0) numbers[count++] = from + i
      }
      shard.add(numbers.slice(0, count), vectors.slice(0, count * dimension))
      one.unsaved += count
    },
    end(): void {
      if (begun === null) return
      begun.shard.end()
      begun.one.unsaved++
    },
  }
  function begin(dimension: number) {
    const name = `${model}-${dimension}`
    const vectors =
      indexes.get(name)?.vectors ?? createVectors(join(dir, 'vectors'), name, dimension, threads)
    const one = indexes.get(name) ?? { model, vectors, unsaved: 0 }
    indexes.set(name, one)
    return { one, dimension, shard: vectors.begin(manifest) }
  }
}

async function save(_: null): Promise<void> {
  for (const one of indexes.values()) if (one.unsaved > 0) await saveOne(one)
}

async function saveOne(one: { vectors: Vectors; unsaved: number }): Promise<void> {
  await one.vectors.save()
  one.unsaved = 0
}

/** Forget the words of shards, or a whole index of vectors. */
async function forget(what: { words: string[]; vectors: string[] }): Promise<Indexed['vectors']> {
  for (const manifest of what.words) {
    kept.delete(manifest)
    for (const part of ['words', 'rows']) await rm(join(dir, part, manifest), { force: true })
  }
  for (const name of what.vectors) {
    const file = await fileOfHead(join(dir, 'vectors', `${name}${HEAD_ENDING}`))
    await rm(join(dir, 'vectors', `${name}${HEAD_ENDING}`), { force: true })
    if (file !== null) await rm(join(dir, 'vectors', file), { force: true })
    indexes.delete(name)
  }
  return list()
}

function near({ name, vector, count }: { name: string; vector: Float32Array; count: number }): Neighbour[] {
  return indexes.get(name)?.vectors.near(vector, count) ?? []
}

interface Looked {
  places: Place[]
  /** shards whose words were not as they were written: they are gone, and to be made anew */
  broken: string[]
}

/** Rows of these shards that may have a word, at most `limit` of each. */
async function find(what: { key: number; shards: string[]; limit: number }): Promise<Looked> {
  return look(what.shards, (words) => rowsOf(words, what.key, what.limit).map((row) => ({ row })))
}

/** Rows of these shards with a PDQ like another. */
async function alike(what: { pdq: Uint8Array; shards: string[]; most: number }): Promise<Looked> {
  return look(what.shards, (words) => rowsAlike(words, what.pdq, what.most))
}

async function look(
  shards: string[],
  lookAt: (words: ShardWords) => Omit<Place, 'manifest'>[],
): Promise<Looked> {
  const places: Place[] = []
  const broken: string[] = []
  for (const manifest of shards) {
    const words = kept.get(manifest) ?? (await readWords(join(dir, 'words', manifest)))
    if (words === null) broken.push(manifest)
    else {
      kept.set(manifest, words)
      for (const place of lookAt(words)) places.push({ manifest, ...place })
    }
  }
  if (broken.length > 0) await forget({ words: broken, vectors: [] })
  return { places, broken }
}

/** Leaves the finished files of shards that are wanted. @returns those */
async function tidy(part: string, isWanted: (manifest: string) => boolean): Promise<string[]> {
  const wanted: string[] = []
  for (const file of await readdir(join(dir, part)))
    if (isCid(file) && isWanted(file)) wanted.push(file)
    else await rm(join(dir, part, file), { force: true })
  return wanted
}

function isCid(text: string): boolean {
  try {
    return CID.parse(text).toString() === text
  } catch {
    return false
  }
}
