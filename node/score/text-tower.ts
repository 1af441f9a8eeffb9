import { ShoalError } from '../../protocol/errors.ts'
import { dotRows, findRowsPerRun, normaliseRows, TRIED_ROWS, unknownInputs } from './embedding-rows.ts'
import type { Feed, Tower } from './onnx.ts'
import type { TextTokens } from './tokenize.ts'

/** A text is padded to a multiple of this: a length that depends on the text alone, so that its bits do too. */
const LENGTH_STEP = 8
/** Cosine of a text with itself padded further, below which the padding is part of what the model reads. */
const PADDING_IGNORED = 1 - 1e-4

const makersOfIds: Readonly<Record<string, (ids: number[]) => BigInt64Array | Int32Array>> = {
  int64: (ids) => BigInt64Array.from(ids, BigInt),
  int32: (ids) => Int32Array.from(ids),
}

const TRIED_TEXTS = [
  'a photo of a cat',
  'two dogs play in the snow',
  'the flag of France',
  'red balloon',
  'a child on a swing',
]

/**
 * Texts to embeddings. Texts of a batch that are padded to the same length share a run.
 *
 * @param context - most tokens of a text
 * @param stray - @see findRowsPerRun
 */
export async function openTextTower(
  tower: Tower,
  tokens: TextTokens,
  { context, stray }: { context: number; stray: number },
  path: string,
) {
  const masked = tower.inputs.has('attention_mask')
  const name = tower.inputs.has('text') ? 'text' : 'input_ids'
  const input = tower.inputs.get(name)
  const makeIds = makersOfIds[input?.type ?? '']
  const isKnown = [...tower.inputs.values()].every(({ type }) => type === input?.type)
  if (input === undefined || makeIds === undefined || !isKnown || tower.inputs.size !== (masked ? 2 : 1)) {
    throw unknownInputs(path, tower, 'input_ids or text, and perhaps attention_mask, int64 or int32')
  }
  const [rowsShape, declaredLength] = input.shape
  const whole = typeof declaredLength === 'number' ? declaredLength : context
  if (whole < context) {
    const lengths = `${whole} tokens, but its configuration says ${context}`
    throw new ShoalError('model_layout', `${path}: takes texts of ${lengths}`)
  }

  async function run(texts: number[][], length: number) {
    const data = new Array<number>(texts.length * length).fill(tokens.padId)
    const mask = new Array<number>(masked ? data.length : 0).fill(0)
    for (const [row, ids] of texts.entries()) {
      for (const [i, id] of ids.entries()) data[row * length + i] = id
      if (masked) mask.fill(1, row * length, row * length + ids.length)
    }
    const dims = [texts.length, length]
    const feeds: Record<string, Feed> = { [name]: { data: makeIds!(data), dims } }
    if (masked) feeds.attention_mask = { data: makeIds!(mask), dims }
    return normaliseRows(await tower.run(feeds), path)
  }

  const tried = TRIED_TEXTS.map((text) => tokens.encode(text)).slice(0, TRIED_ROWS)
  const rowsPerRun = await findRowsPerRun(rowsShape, { path, stray }, (count) =>
    run(tried.slice(0, count), whole),
  )
  const first = tried.slice(0, rowsPerRun === 'one' ? 1 : 2)
  const { dimension, values } = await run(first, whole)
  const shorter = await run(first, Math.min(whole, stepUp(first))).catch(() => null)
  // SigLIP pads without a mask and was trained so: there every text fills the context
  const ignoresPadding =
    shorter !== null && dotRows(values, 0, shorter.values, 0, dimension) >= PADDING_IGNORED

  return {
    dimension,
    async embed(texts: string[]): Promise<Float32Array> {
      const embeddings = new Float32Array(texts.length * dimension)
      const rows = texts.map((text, at) => {
        const ids = tokens.encode(text)
        return { at, ids, length: ignoresPadding ? Math.min(whole, stepUp([ids])) : whole }
      })
      const runs =
        rowsPerRun === 'one' ? rows.map((row) => [row]) : Map.groupBy(rows, (row) => row.length).values()
      for (const group of runs) {
        const [lead] = group as [(typeof rows)[0]]
        const list = group.map(({ ids }) => ids)
        if (list.length === 1 && rowsPerRun === 'many') list.push(lead.ids)
        const { values } = await run(list, lead.length)
        for (const [row, { at }] of group.entries()) {
          embeddings.set(values.subarray(row * dimension, (row + 1) * dimension), at * dimension)
        }
      }
      return embeddings
    },
  }
}

/** @returns the least multiple of `LENGTH_STEP` that holds every one of the texts */
function stepUp(texts: number[][]): number {
  return Math.ceil(Math.max(...texts.map((ids) => ids.length)) / LENGTH_STEP) * LENGTH_STEP
}
