import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openScorer } from '../../node/score/score.ts'
import { copyRows, readCopy } from '../../node/search/row-copies.ts'
import { createVectors, openVectors, type Vectors } from '../../node/search/vectors.ts'
import { peakMiB } from './peak-memory.ts'

const ROWS = 200_000
const DIMENSION = 512
const CLUSTERS = 2_000
const QUERIES = 50
const RECALLED = 10
const THREADS = 2
/** Rows that are added at once, as a shard's row groups are. */
const GROUP = 4_096

/**
 * The index of 200,000 made embeddings, asked for the ten most similar to made texts.
 *
 * They lie as CLIP's do: all pictures in a narrow cone (two of them have a cosine of some 0.5), in clusters of very
 * different sizes, with most of what tells them apart in few directions; texts in a cone of their own, so that a text
 * and its pictures have a cosine of 0.2 to 0.4.
 *
 * @returns milliseconds of a query (median, and 95 of 100), the share of the ten nearest by brute force that it finds,
 *   milliseconds to read the ten rows, and what the index takes; `textMs` is the embedded model's text tower, which runs before
 */
export async function benchSearch(rows = ROWS) {
  const random = seeded(5_850_000_000)
  const { pictures, texts } = makeEmbeddings(rows, random)
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-search-'))
  try {
    const began = performance.now()
    const before = peakMiB()
    const built = createVectors(dir, 'bench', DIMENSION, THREADS)
    fill(built, pictures, rows)
    const addSeconds = (performance.now() - began) / 1000
    await built.save()
    const buildSeconds = (performance.now() - began) / 1000
    const memoryMiB = peakMiB() - before
    const loading = performance.now()
    const vectors = await openVectors(dir, 'bench', THREADS)
    const loadMs = performance.now() - loading
    if (vectors === null) throw new Error('the index does not open again')
    // the first touches pages of the file that the others find in memory
    for (const text of texts) vectors.near(text, RECALLED)
    const times: number[] = []
    let found = 0
    for (const text of texts) {
      const start = performance.now()
      const near = vectors.near(text, RECALLED)
      times.push(performance.now() - start)
      const nearest = new Set(bruteForce(pictures, rows, text))
      found += near.filter(({ row }) => nearest.has(row)).length
    }
    times.sort((a, b) => a - b)
    return {
      ms: times[times.length >> 1]!,
      p95Ms: times[Math.floor(times.length * 0.95)]!,
      recall: found / (RECALLED * texts.length),
      ...{
        rowsMs: await timeRows(join(dir, 'rows'), rows),
        textMs: await timeText(dir),
        loadMs,
        addSeconds,
        buildSeconds,
        memoryMiB,
      },
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

function fill(vectors: Vectors, pictures: Float32Array, rows: number): void {
  const shard = vectors.begin('made')
  for (let from = 0; from < rows; from += GROUP) {
    const count = Math.min(GROUP, rows - from)
    const numbers = Uint32Array.from({ length: count }, (_, i) => from + i)
    shard.add(numbers, pictures.subarray(from * DIMENSION, (from + count) * DIMENSION))
  }
  shard.end()
}

/** Milliseconds to read the ten rows that are shown. */
async function timeRows(path: string, rows: number): Promise<number> {
  const copies = await copyRows(path)
  const text = 'a dog runs over the green grass while two children play with red balls'
  for (let from = 0; from < rows; from += GROUP)
    await copies.add(
      Array.from({ length: Math.min(GROUP, rows - from) }, (_, i) => ({
        uid: `${from + i}`,
        text,
        url: text.repeat(2),
      })),
    )
  await copies.finish()
  const times: number[] = []
  for (let i = 0; i < 21; i++) {
    const start = performance.now()
    for (let k = 0; k < RECALLED; k++) await readCopy(path, (i * 7_919 + k * 104_729) % rows, rows)
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)[10]!
}

/** Milliseconds of a text in shoal-mini, once it is open. */
async function timeText(cacheDir: string): Promise<number> {
  const scorer = await openScorer(undefined, { cacheDir, threads: THREADS })
  const times: number[] = []
  for (let i = 0; i < 21; i++) {
    const start = performance.now()
    await scorer.embed({ text: `a red apple on ${i} tables` })
    times.push(performance.now() - start)
  }
  await scorer.close()
  return times.sort((a, b) => a - b)[10]!
}

function makeEmbeddings(rows: number, random: () => number) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  // drawn again and again: as many fresh ones would take a minute
  const pool = Float32Array.from({ length: 2 ** 20 }, normal)
  /** directions count less the later they come */
  const spread = Float32Array.from({ length: DIMENSION }, (_, i) => 1 / Math.sqrt(1 + i / 24))
  const draw = () => {
    let at = Math.floor(random() * (pool.length - DIMENSION))
    return unit(Float32Array.from({ length: DIMENSION }, (_, i) => pool[at++]! * spread[i]!))
  }
  const cones = {
    picture: unit(Float32Array.from({ length: DIMENSION }, normal)),
    text: unit(Float32Array.from({ length: DIMENSION }, normal)),
  }
  const concepts = Array.from({ length: CLUSTERS }, draw)
  /** few clusters have many */
  const pick = () => concepts[Math.floor(CLUSTERS * random() ** 2.5)]!
  const mix = (
    cone: Float32Array,
    concept: Float32Array,
    own: Float32Array,
    [a, b, c]: [number, number, number],
  ) => unit(cone.map((value, i) => a * value + b * concept[i]! + c * own[i]!))
  const pictures = new Float32Array(rows * DIMENSION)
  for (let row = 0; row < rows; row++)
    pictures.set(mix(cones.picture, pick(), draw(), [0.7, 0.5, 0.5]), row * DIMENSION)
  const texts = Array.from({ length: QUERIES }, () => mix(cones.text, pick(), draw(), [0.75, 0.55, 0.35]))
  return { pictures, texts }
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

function bruteForce(pictures: Float32Array, rows: number, text: Float32Array): number[] {
  const best: { row: number; cosine: number }[] = []
  for (let row = 0; row < rows; row++) {
    let cosine = 0
    for (let i = 0, at = row * DIMENSION; i < DIMENSION; i++, at++) cosine += text[i]! * pictures[at]!
    if (best.length === RECALLED && cosine <= best.at(-1)!.cosine) continue
    best.push({ row, cosine })
    best.sort((a, b) => b.cosine - a.cosine)
    if (best.length > RECALLED) best.pop()
  }
  return best.map(({ row }) => row)
}

/** mulberry32: small, seeded, and good enough for test data. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
