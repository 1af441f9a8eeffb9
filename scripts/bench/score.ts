import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { openScorer } from '../../node/score/score.ts'
import { startThreads } from '../../node/threads.ts'
import type { BareBatch } from './score-worker.ts'

const MODEL = fileURLToPath(new URL('../../node/score/shoal-mini', import.meta.url))
const THREADS = 1
const BATCH = 16
const BATCHES_PER_ROUND = 6
const ROUNDS = 24
/** Pairs that wait for the scorer, as the pipeline keeps them: three batches. */
const WAITING = 3 * BATCH

/**
 * Scoring of ready crops and texts against bare `session.run` on ready tensors of the same pictures and texts: same
 * batch, same threads, a worker thread of the same kind, in turns.
 *
 * @param model - a model's directory
 * @returns pairs per second, and the share of the bare rate (both medians of the rounds)
 */
export async function benchScore(model = MODEL): Promise<{ perSecond: number; ofLimit: number }> {
  const random = seeded(20_140_820)
  const texts = Array.from({ length: BATCH * BATCHES_PER_ROUND }, () => makeText(random))
  const scorer = await openScorer(model, { cacheDir: tmpdir(), threads: THREADS, batch: BATCH })
  const { width, height } = scorer.geometry
  const crops = Array.from({ length: 2 * BATCH }, () =>
    Uint8Array.from({ length: 3 * width * height }, () => random() * 256),
  )
  const bare = startThreads(new URL('./score-worker', import.meta.url), {
    threads: 1,
    workerData: { model, threads: THREADS, batch: BATCH, width, height, texts },
  })

  async function runScorer(): Promise<void> {
    let next = 0
    const feed = async () => {
      while (next < texts.length) {
        const i = next++
        await scorer.score(crops[i % crops.length] as Uint8Array, texts[i] as string)
      }
    }
    await Promise.all(Array.from({ length: WAITING }, feed))
  }

  async function runBare(): Promise<void> {
    const job: BareBatch = { batches: BATCHES_PER_ROUND }
    await bare.run(job)
  }

  const seconds: number[] = []
  const shares: number[] = []
  await runScorer()
  await runBare()
  for (let round = 0; round < ROUNDS; round++) {
    const own = await time(runScorer)
    seconds.push(own)
    shares.push((await time(runBare)) / own)
  }
  await scorer.close()
  await bare.destroy()
  return { perSecond: texts.length / median(seconds), ofLimit: median(shares) }
}

async function time(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}

/** Alt texts of 1 to 24 words: LAION's have 12 words in the mean, most of them fewer. */
function makeText(random: () => number): string {
  const words =
    'a dog runs over the green grass while two children play with red balls in front of an old house'.split(
      ' ',
    )
  const count = 1 + Math.floor(23 * random() ** 1.5)
  return Array.from({ length: count }, () => words[Math.floor(random() * words.length)]).join(' ')
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
