import { ShoalError } from '../../protocol/errors.ts'
import { type DownloadProgress, downloadModel, parseModelId } from './download-model.ts'
import { findModel, shortName } from './find-model.ts'
import { checkPins } from './known-models.ts'
import { readModelConfig } from './model-config.ts'
import { readModelFiles } from './model-files.ts'

/**
 * Download a model, or what is missing of it, and see that all of it is there and readable.
 *
 * @param model - as `findModel` takes it, but of the hub
 * @throws ShoalError `model_here` where it is a directory; as `findModel`, `downloadModel`, `readModelFiles`
 */
export async function pullModel(
  model: string,
  options: {
    cacheDir: string
    precision?: string | undefined
    endpoint?: string | undefined
    onProgress?: ((progress: DownloadProgress) => void) | undefined
    signal?: AbortSignal | undefined
  },
): Promise<{ name: string; directory: string; precision: string; bytes: number }> {
  const { precision = 'fp32', ...rest } = options
  if (!/^\w+$/.test(precision))
    throw new ShoalError('model_precision', `precision ${precision} is no file suffix`)
  const found = await findModel(model, options.cacheDir)
  const id = parseModelId(found)
  if (id === null)
    throw new ShoalError(
      'model_here',
      `${model} is on this disk already, in ${found}: there is nothing to pull`,
    )
  const directory = await downloadModel(id, precision, rest)
  const files = await readModelFiles(directory, precision)
  checkPins(id.repo, files, directory)
  await readModelConfig(directory)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  return { name: shortName(id), directory, precision, bytes }
}
