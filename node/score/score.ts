import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { Scorer } from '../components.ts'
import { type BatchScorer, openBatches } from './batch-pairs.ts'
import { checkGolden, makeGolden } from './check-golden.ts'
import { deviceClassOf } from './device-class.ts'
import { type DownloadProgress, downloadModel, parseModelId } from './download-model.ts'
import type { EncoderOptions } from './dual-encoder.ts'
import { EMBEDDED, findModel } from './find-model.ts'
import { checkPins, isPresetsModel } from './known-models.ts'
import { readModelConfig } from './model-config.ts'
import { hasPrecision, readModelFiles } from './model-files.ts'
import { type GoldenPair, readShoalFile } from './shoal-file.ts'
import { silenceRuntime } from './silence-runtime.ts'

export { precisionLike } from './device-class.ts'
export type { DownloadProgress } from './download-model.ts'
export { directoryOf, EMBEDDED, findModel } from './find-model.ts'
export type { HeadAnswer, HeadFile } from './heads/heads-worker.ts'
export { keepHeads, obtainHeads } from './heads/obtain-heads.ts'
export { type Heads, openHeads } from './heads/open-heads.ts'
export { readHead } from './heads/read-head.ts'
export { isOfModel, tellPrecisions } from './model-files.ts'
export { type ObtainOptions, type ObtainProgress, obtainModel } from './obtain-model.ts'
export type { ModelPeer } from './take-from-peers.ts'

export interface ScorerOptions {
  /** where downloaded models are kept */
  cacheDir: string
  /** `fp32` (the default) for the plain files, else the suffix of their names: `fp16`, `quantized`, `q4`, ... */
  precision?: string
  /** threads of the model's arithmetic; by default all cores but one */
  threads?: number
  /** most pairs of one batch */
  batch?: number
  /** how long an idle model waits for a batch to fill, milliseconds */
  maxWaitMs?: number
  /** never touch the network: a model that is not in the cache is an error */
  offline?: boolean
  /** where `hf:` models come from, in place of `HF_ENDPOINT` or https://huggingface.co */
  endpoint?: string
  onProgress?: (progress: DownloadProgress) => void
  signal?: AbortSignal
}

/** Beyond sixteen pairs a CPU gains nothing, and each takes 600 KB as floats. */
const DEFAULT_BATCH = 16
const DEFAULT_WAIT_MS = 20
/** Pairs of a reference run. */
const GOLDEN_BATCH = 4

/**
 * Opens a dual encoder in the Hugging Face/Optimum layout and tries it out in a thread of its own.
 *
 * A caller that keeps three batches of pairs waiting keeps the model busy; more only costs memory.
 *
 * @param model - as `findModel` takes it, or undefined for the embedded shoal-mini
 * @throws ShoalError `model_missing_file`, `model_precision`, `model_config`, `model_layout`, `model_broken`,
 *   `model_hash`, `model_download`, `model_golden`; as `findModel`
 */
export async function openScorer(model: string | undefined, options: ScorerOptions): Promise<Scorer> {
  silenceRuntime()
  const found = model === undefined ? EMBEDDED : await findModel(model, options.cacheDir)
  const id = parseModelId(found)
  const precision = options.precision ?? 'fp32'
  if (!/^\w+$/.test(precision))
    throw new ShoalError('model_precision', `precision ${precision} is no file suffix`)
  const directory = id === null ? found : await downloadModel(id, precision, options)
  const files = await readModelFiles(directory, precision)
  if (id !== null) checkPins(id.repo, files, directory)
  const [config, shoal] = [await readModelConfig(directory), await readShoalFile(directory)]
  const encoder: EncoderOptions = {
    directory,
    precision,
    config,
    threads: options.threads ?? Math.max(1, availableParallelism() - 1),
    batch: Math.max(1, options.batch ?? DEFAULT_BATCH),
  }
  // before the model itself: two of them at once may be more than there is memory for
  const golden = shoal && shoal.golden.length > 0 ? shoal.golden : await runReference(encoder)
  const batches = await openBatches(encoder, options.maxWaitMs ?? DEFAULT_WAIT_MS)
  await refuseStrays(batches, () => checkGolden(batches, golden, config.geometry, directory, precision))
  return {
    geometry: config.geometry,
    model: { repo: id === null ? (shoal?.name ?? basename(directory)) : `${id.repo}@${id.revision}`, files },
    thresholds: shoal?.similarity ?? (isPresetsModel(files) ? 'preset' : null),
    deviceClass: deviceClassOf(precision),
    score: batches.score,
    embed: batches.embed,
    close: batches.close,
  }
}

/**
 * The golden pairs of a model that brings none: what its plain files give on this machine's own processor, if they are
 * there. Whoever runs just these is its own reference: then there is nothing to compare.
 */
async function runReference(encoder: EncoderOptions): Promise<GoldenPair[]> {
  const plain = { ...encoder, precision: 'fp32', batch: GOLDEN_BATCH }
  if (encoder.precision === plain.precision || !(await hasPrecision(encoder.directory, plain.precision)))
    return []
  const batches = await openBatches(plain, 0)
  try {
    return await makeGolden(batches, encoder.config.geometry)
  } finally {
    await batches.close()
  }
}

async function refuseStrays(batches: BatchScorer, check: () => Promise<void>): Promise<void> {
  try {
    await check()
  } catch (error) {
    await batches.close()
    throw error
  }
}
