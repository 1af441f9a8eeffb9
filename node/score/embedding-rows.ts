import { ShoalError } from '../../protocol/errors.ts'
import type { Tower } from './onnx.ts'

/** Embeddings one after the other. */
export interface EmbeddingRows {
  values: Float32Array
  dimension: number
}

/**
 * How rows may share a run. `many`: a row's embedding is the same to the bit whichever rows go with it, provided that
 * there are two of them, and as many as threads (fewer are multiplied by other code of the runtime, or in other pieces,
 * which rounds differently). On a GPU it is nearly the same: its kernels go by the size of the batch.
 * `one`: it is not, as in models quantised by the range of the whole batch, so every row is run by itself.
 */
export type RowsPerRun = 'many' | 'one'

/** Rows that `findRowsPerRun` tries together. */
export const TRIED_ROWS = 5

/**
 * Finds out by trying, since a resumed run must write the same bits as an undisturbed one and no model says it of itself.
 *
 * @param stray - how far a number may move with its neighbours: 0 where bits count
 * @param declared - the input's first dimension
 * @param run - embeds the first `count` of at least `TRIED_ROWS` different inputs; rows that follow are not looked at
 */
export async function findRowsPerRun(
  declared: number | string | undefined,
  { path, stray }: { path: string; stray: number },
  run: (count: number) => Promise<EmbeddingRows>,
): Promise<RowsPerRun> {
  if (typeof declared === 'number') {
    if (declared === 1) return 'one'
    throw new ShoalError('model_layout', `${path}: runs batches of ${declared} only; wanted any number, or 1`)
  }
  try {
    const few = await run(2)
    const more = await run(TRIED_ROWS)
    const two = few.values.subarray(0, 2 * few.dimension)
    const isSame = (value: number, other: number) =>
      stray === 0 ? Object.is(value, other) : Math.abs(value - other) <= stray
    return two.every((value, i) => isSame(value, more.values[i]!)) ? 'many' : 'one'
  } catch {
    // exported with a batch of one inside its graph; if it is broken altogether, the next run says so
    return 'one'
  }
}

/** L2-normalises each row in place. @throws ShoalError `model_broken` where a number is not finite */
export function normaliseRows(rows: EmbeddingRows, path: string): EmbeddingRows {
  const { values, dimension } = rows
  for (let start = 0; start < values.length; start += dimension) {
    const norm = Math.sqrt(dotRows(values, start, values, start, dimension))
    if (!Number.isFinite(norm) || norm === 0) {
      throw new ShoalError('model_broken', `${path}: gave an embedding of length ${norm}`)
    }
    for (let i = start; i < start + dimension; i++) values[i] = (values[i] as number) / norm
  }
  return rows
}

/** @returns the dot product of two rows that begin at `i` and `j`, summed in double precision */
export function dotRows(a: Float32Array, i: number, b: Float32Array, j: number, dimension: number): number {
  let sum = 0
  for (let k = 0; k < dimension; k++) sum += (a[i + k] as number) * (b[j + k] as number)
  return sum
}

export function unknownInputs(path: string, tower: Tower, wanted: string): ShoalError {
  const found = [...tower.inputs].map(([name, { type, shape }]) => `${name} ${type} [${shape}]`).join(', ')
  return new ShoalError('model_layout', `${path}: takes ${found}; wanted ${wanted}`)
}
