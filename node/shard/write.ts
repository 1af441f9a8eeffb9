import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { CandidateOutcome, Pair } from '../components.ts'
import { startThreads } from '../threads.ts'
import type { ColumnOf } from './parquet.ts'
import { OUTCOME_COLUMNS, PAIR_COLUMNS, type ShardFile } from './schema.ts'
import type { ShardTask } from './shard-worker.ts'

export interface ShardWriter {
  /**
   * Add rows in the order of the segment. It settles when the rows before them are in the writer's hands,
   * so awaiting it keeps memory constant; calls that do not wait stay in order all the same.
   */
  add(batch: { pairs?: readonly Pair[]; outcomes?: readonly CandidateOutcome[] }): Promise<void>
  /** Complete both files. @returns where they are and what they hold; the thread is gone */
  finish(): Promise<WrittenFile[]>
  /** Give up: end the thread and leave the unfinished files. Harmless after `finish`. */
  close(): Promise<void>
}

export interface WrittenFile {
  name: ShardFile
  path: string
  rows: number
  bytes: number
}

/** Rows that go to the thread at once: a millisecond or two of the event loop. */
const ROWS_PER_MESSAGE = 1_000

/**
 * Write the Parquet files of one shard in a thread of their own. The same rows in the same order give the
 * same bytes, however they are divided among calls of `add`.
 *
 * @param dir - where `pairs.parquet` and `outcomes.parquet` go; older ones are overwritten
 * @throws ShoalError `shard_embedding`, from `add`, where embeddings differ in length
 */
export async function startShardWriter(dir: string): Promise<ShardWriter> {
  await mkdir(dir, { recursive: true })
  const threads = startThreads(new URL('./shard-worker', import.meta.url), {
    threads: 1,
    workerData: { dir },
    youngMiB: 8,
  })
  let added: Promise<void> = Promise.resolve()
  let written: Promise<unknown> = Promise.resolve()
  let dimensions: number | undefined

  async function send(task: ShardTask): Promise<void> {
    await written
    written = threads.run(task, {
      transferList: task.embeddings ? [task.embeddings.buffer as ArrayBuffer] : [],
    })
    written.catch(() => {}) // reported by the next call
  }

  async function sendBatch(pairs: readonly Pair[], outcomes: readonly CandidateOutcome[]): Promise<void> {
    for (let from = 0; from < pairs.length; from += ROWS_PER_MESSAGE) {
      const rows = pairs.slice(from, from + ROWS_PER_MESSAGE)
      dimensions ??= rows[0]?.embedding.length
      await send({
        file: 'pairs.parquet',
        columns: toColumns(PAIR_COLUMNS.slice(0, -1), rows),
        embeddings: packEmbeddings(rows, dimensions as number),
      })
    }
    for (let from = 0; from < outcomes.length; from += ROWS_PER_MESSAGE) {
      const rows = outcomes.slice(from, from + ROWS_PER_MESSAGE)
      await send({ file: 'outcomes.parquet', columns: toColumns(OUTCOME_COLUMNS, rows) })
    }
  }

  return {
    add({ pairs = [], outcomes = [] }) {
      added = added.then(() => sendBatch(pairs, outcomes))
      return added
    },
    async finish() {
      await added
      await written
      const files: WrittenFile[] = []
      for (const name of ['pairs.parquet', 'outcomes.parquet'] as const) {
        files.push({
          name,
          path: join(dir, name),
          ...(await threads.run({ file: name } satisfies ShardTask)),
        })
      }
      await threads.destroy()
      return files
    },
    close: () => threads.destroy(),
  }
}

function toColumns<Row>(columns: readonly ColumnOf<Row>[], rows: readonly Row[]) {
  return columns.map((column) => rows.map((row) => column.cell(row)))
}

function packEmbeddings(pairs: readonly Pair[], dimensions: number): Uint8Array<ArrayBuffer> {
  const packed = new Uint16Array(pairs.length * dimensions)
  pairs.forEach(({ embedding, url }, i) => {
    if (embedding.length !== dimensions)
      throw new ShoalError(
        'shard_embedding',
        `the embedding of ${url} has ${embedding.length} dimensions, those before it ${dimensions}: one shard is scored by one model`,
      )
    packed.set(embedding, i * dimensions)
  })
  return new Uint8Array(packed.buffer)
}
