import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Index } from 'usearch'
import * as v from 'valibot'
import { replaceFile, UNFINISHED } from './replace-file.ts'

// its build for ESM imports itself without end
const usearch = createRequire(import.meta.url)('usearch') as typeof import('usearch')

/**
 * Neighbours of a vector in the graph, and candidates kept while one is added or looked for: recall@10 against brute
 * force of 200,000 embeddings, asked by texts, is above 0.95 (`npm run bench -- search`).
 */
const GRAPH = { connectivity: 16, expansion_add: 96, expansion_search: 256 }
export const HEAD_ENDING = '.json'
const VECTORS_ENDING = '.usearch'

/** The head of an index: its vectors' file, and whose they are. A vector's key is its shard's place here and its row. */
const Head = v.strictObject({
  format: v.literal(1),
  file: v.pipe(v.string(), v.regex(/^[\w-]+\.usearch$/)),
  bytes: v.number(),
  sha256: v.string(),
  dimension: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_536)),
  /** a shard that was given up half-way is null */
  shards: v.array(v.strictObject({ manifest: v.nullable(v.string()), rows: v.number() })),
})
type Head = v.InferOutput<typeof Head>

export interface Neighbour {
  manifest: string
  row: number
  /** cosine */
  score: number
}

/** The embeddings of one model, of one length: those of others can't be compared. */
export interface Vectors {
  dimension: number
  /** by manifest: vectors */
  shards: ReadonlyMap<string, number>
  /** all vectors, those of shards that were given up included */
  rows: number
  /** Begin a shard. It counts once `end` was called; what was added before that is never found. */
  begin(manifest: string): {
    /** @param vectors - one behind the other */
    add(rows: Uint32Array, vectors: Float32Array): void
    end(): void
  }
  /** The most similar, the best first, at most `count`. */
  near(vector: Float32Array, count: number): Neighbour[]
  /** Put it on the disk: a file that is there already is replaced once the new one is whole. */
  save(): Promise<void>
}

/** @param name - of the index in `dir` */
export function createVectors(dir: string, name: string, dimension: number, threads: number): Vectors {
  return makeVectors(dir, name, threads, newIndex(dimension), {
    ...{ format: 1, file: '', bytes: 0, sha256: '', dimension, shards: [] },
  })
}

/**
 * Open what is on the disk. usearch believes its files, and ends the process where they lie: so a file is opened only
 * if it is, to the byte, what was written.
 *
 * @returns null where it is not
 */
export async function openVectors(dir: string, name: string, threads: number): Promise<Vectors | null> {
  try {
    const head = v.parse(Head, JSON.parse(await readFile(join(dir, `${name}${HEAD_ENDING}`), 'utf8')))
    const path = join(dir, head.file)
    if ((await stat(path)).size !== head.bytes || (await hashFile(path)) !== head.sha256) return null
    const index = newIndex(head.dimension)
    index.view(path)
    return index.dimensions() === head.dimension ? makeVectors(dir, name, threads, index, head) : null
  } catch {
    return null
  }
}

/** @returns the file that a head names, or null */
export async function fileOfHead(path: string): Promise<string | null> {
  try {
    return v.parse(Head, JSON.parse(await readFile(path, 'utf8'))).file
  } catch {
    return null
  }
}

function newIndex(dimensions: number): Index {
  return new usearch.Index({
    ...{ dimensions, metric: usearch.MetricKind.Cos, quantization: usearch.ScalarKind.F16 },
    ...{ ...GRAPH, multi: false },
  })
}

function makeVectors(dir: string, name: string, threads: number, opened: Index, opening: Head): Vectors {
  let head = opening
  let index = opened
  // what is seen through a file can't grow
  let isView = head.file !== ''
  const shards = new Map(
    head.shards.flatMap(({ manifest, rows }) => (manifest === null ? [] : [[manifest, rows]])),
  )

  function grow(): void {
    if (!isView) return
    index = newIndex(head.dimension)
    index.load(join(dir, head.file))
    isView = false
  }

  return {
    dimension: head.dimension,
    shards,
    get rows() {
      return index.size()
    },
    begin(manifest) {
      const number = head.shards.length
      const shard = { manifest: null as string | null, rows: 0 }
      head.shards.push(shard)
      return {
        add(rows, vectors) {
          if (rows.length === 0) return
          grow()
          const keys = new Uint32Array(2 * rows.length)
          for (const [i, row] of rows.entries()) keys.set([row, number], 2 * i)
          index.add(new BigUint64Array(keys.buffer), vectors, threads)
          shard.rows += rows.length
        },
        end() {
          shard.manifest = manifest
          shards.set(manifest, shard.rows)
        },
      }
    },
    near(vector, count) {
      if (index.size() === 0) return []
      const { keys, distances } = index.search(vector, Math.min(count, index.size()), 1)
      const places = new Uint32Array(keys.buffer, keys.byteOffset, 2 * keys.length)
      return Array.from(distances, (distance, i) => ({
        manifest: head.shards[places[2 * i + 1]!]?.manifest ?? '',
        ...{ row: places[2 * i]!, score: 1 - distance },
      })).filter(({ manifest }) => manifest !== '')
    },
    async save() {
      const file = `${name}-${randomUUID().slice(0, 8)}${VECTORS_ENDING}`
      const path = join(dir, file)
      grow()
      index.save(`${path}${UNFINISHED}`)
      const { size: bytes } = await stat(`${path}${UNFINISHED}`)
      const sha256 = await hashFile(`${path}${UNFINISHED}`)
      await rename(`${path}${UNFINISHED}`, path)
      const before = head.file
      head = { ...head, file, bytes, sha256 }
      // what was added goes from memory to where the system can let go of it
      index = newIndex(head.dimension)
      index.view(path)
      isView = true
      await replaceFile(join(dir, `${name}${HEAD_ENDING}`), [Buffer.from(JSON.stringify(head))])
      if (before !== '') await rm(join(dir, before), { force: true })
    },
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}
