import { ShoalError } from '../../protocol/errors.ts'
import { findRowsPerRun, normaliseRows, TRIED_ROWS, unknownInputs } from './embedding-rows.ts'
import type { ModelConfig } from './model-config.ts'
import type { Tower } from './onnx.ts'
import { fillPlanes, tabulateLevels } from './preprocess.ts'
import { testPicture } from './test-picture.ts'

/**
 * Crops to embeddings, at most `batch` at a time, through one buffer that is used again for every run.
 *
 * @param threads - of the tower
 * @param stray - @see findRowsPerRun
 */
export async function openImageTower(
  tower: Tower,
  config: ModelConfig,
  { batch, threads, stray }: { batch: number; threads: number; stray: number },
  path: string,
) {
  const { width, height } = config.geometry
  const name = tower.inputs.has('image') ? 'image' : 'pixel_values'
  const input = tower.inputs.get(name)
  if (input?.type !== 'float32' || tower.inputs.size !== 1) {
    throw unknownInputs(path, tower, 'pixel_values or image, float32, alone')
  }
  const [rowsShape, ...shape] = input.shape
  const wanted = [3, height, width]
  if (shape.length !== 3 || shape.some((side, i) => typeof side === 'number' && side !== wanted[i])) {
    const shapes = `[${input.shape}], but preprocessor_config.json makes [n,${wanted}]`
    throw new ShoalError('model_layout', `${path}: ${name} is ${shapes}`)
  }
  const table = tabulateLevels(config.levels)
  const size = 3 * width * height
  const least = Math.max(2, threads)
  let planes = new Float32Array((least + TRIED_ROWS - 2) * size)

  /** Embeds `count` crops from number `from` on; the last is repeated up to `rows`. */
  async function run(crops: Uint8Array, from: number, count: number, rows: number) {
    // a batch as large as can be is not always wanted
    if (planes.length < rows * size)
      planes = new Float32Array(Math.min(batch, 2 ** Math.ceil(Math.log2(rows))) * size)
    for (let row = 0; row < count; row++) {
      const at = (from + row) * size
      fillPlanes(table, crops.subarray(at, at + size), planes, row * size)
    }
    for (let row = count; row < rows; row++) planes.copyWithin(row * size, (count - 1) * size, count * size)
    const data = planes.subarray(0, rows * size)
    return normaliseRows(await tower.run({ [name]: { data, dims: [rows, ...wanted] } }), path)
  }

  const pictures = new Uint8Array(TRIED_ROWS * size)
  for (let i = 0; i < TRIED_ROWS; i++) pictures.set(testPicture(i, width, height), i * size)
  const rowsPerRun = await findRowsPerRun(rowsShape, { path, stray }, (count) =>
    run(pictures, 0, count, least + count - 2),
  )
  const { dimension } = await run(pictures, 0, 1, rowsPerRun === 'one' ? 1 : least)

  return {
    dimension,
    async embed(crops: Uint8Array, count: number): Promise<Float32Array> {
      if (rowsPerRun === 'many') {
        return (await run(crops, 0, count, Math.max(least, count))).values.subarray(0, count * dimension)
      }
      const embeddings = new Float32Array(count * dimension)
      for (let i = 0; i < count; i++) embeddings.set((await run(crops, i, 1, 1)).values, i * dimension)
      return embeddings
    },
  }
}
