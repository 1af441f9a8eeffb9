import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { Scorer } from '../components.ts'
import { openBatches } from './batch-pairs.ts'
import { makeGolden } from './check-golden.ts'
import { CPU } from './device.ts'
import { type DownloadProgress, downloadModel, parseModelId } from './download-model.ts'
import type { EncoderOptions } from './dual-encoder.ts'
import { EMBEDDED, findModel } from './find-model.ts'
import { checkPins, isPresetsModel } from './known-models.ts'
import { readModelConfig } from './model-config.ts'
import { hasPrecision, readModelFiles } from './model-files.ts'
import { type GoldenPair, readShoalFile } from './shoal-file.ts'
import { CPU_BATCH } from './steady-encoder.ts'

export interface ModelOptions {
  /** where downloaded models are kept */
  cacheDir: string
  /** `fp32` (the default) for the plain files, else the suffix of their names: `fp16`, `quantized`, `q4`, ... */
  precision?: string
  /** threads of the model's arithmetic on a CPU; by default all cores but one */
  threads?: number
  /** never touch the network: a model that is not in the cache is an error */
  offline?: boolean
  /** where `hf:` models come from, in place of `HF_ENDPOINT` or https://huggingface.co */
  endpoint?: string
  onProgress?: (progress: DownloadProgress) => void
  signal?: AbortSignal
}

export interface LoadedModel extends Pick<Scorer, 'geometry' | 'model' | 'thresholds'> {
  /** as the CPU would open it */
  encoder: EncoderOptions
  /** that it brings itself */
  golden: GoldenPair[]
}

/** Pairs of a reference run. */
const GOLDEN_BATCH = 4

/** See to it that a model's files are here, and read what they say. @throws ShoalError as `openScorer` */
export async function loadModel(model: string | undefined, options: ModelOptions): Promise<LoadedModel> {
  const found = model === undefined ? EMBEDDED : await findModel(model, options.cacheDir)
  const id = parseModelId(found)
  const precision = options.precision ?? 'fp32'
  if (!/^\w+$/.test(precision))
    throw new ShoalError('model_precision', `precision ${precision} is no file suffix`)
  const directory = id === null ? found : await downloadModel(id, precision, options)
  const files = await readModelFiles(directory, precision)
  if (id !== null) checkPins(id.repo, files, directory)
  const [config, shoal] = [await readModelConfig(directory), await readShoalFile(directory)]
  return {
    geometry: config.geometry,
    model: { repo: id === null ? (shoal?.name ?? basename(directory)) : `${id.repo}@${id.revision}`, files },
    thresholds: shoal?.similarity ?? (isPresetsModel(files) ? 'preset' : null),
    encoder: {
      ...{ directory, precision, config, device: CPU, turn: null },
      threads: options.threads ?? Math.max(1, availableParallelism() - 1),
      batch: CPU_BATCH,
    },
    golden: shoal?.golden ?? [],
  }
}

/**
 * The golden pairs of a model: its own, or where it brings none, what its plain files give on this machine's own
 * processor, if they are there.
 *
 * @param isOwnReference - whether these very files run on the CPU: then there is nothing to compare
 */
export async function readGolden(
  { golden, encoder }: LoadedModel,
  isOwnReference: boolean,
): Promise<GoldenPair[]> {
  const plain = { ...encoder, precision: 'fp32', batch: GOLDEN_BATCH }
  if (golden.length > 0 || isOwnReference || !(await hasPrecision(encoder.directory, plain.precision)))
    return golden
  const batches = await openBatches([plain], { maxWaitMs: 0 })
  try {
    return await makeGolden(batches, encoder.config.geometry)
  } finally {
    await batches.close()
  }
}
