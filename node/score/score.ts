import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { DeviceUse, Scorer } from '../components.ts'
import { type BatchScorer, openBatches } from './batch-pairs.ts'
import { checkGolden, makeGolden } from './check-golden.ts'
import { CPU, type Device, parseDevices, unusable } from './device.ts'
import { isForGpus } from './device-class.ts'
import { type DownloadProgress, downloadModel, parseModelId } from './download-model.ts'
import type { EncoderOptions } from './dual-encoder.ts'
import { mostPairs } from './find-batch.ts'
import { EMBEDDED, findModel } from './find-model.ts'
import { checkPins, isPresetsModel } from './known-models.ts'
import { readModelConfig } from './model-config.ts'
import { hasPrecision, readModelFiles } from './model-files.ts'
import { prepareRuntime } from './prepare-runtime.ts'
import type { OpenOptions } from './score-worker.ts'
import { type GoldenPair, readShoalFile } from './shoal-file.ts'
import { CPU_BATCH } from './steady-encoder.ts'
import { makeTurn } from './turn.ts'

export { checkModel, type ModelCheck } from './check-model.ts'
export { precisionLike } from './device-class.ts'
export type { DownloadProgress } from './download-model.ts'
export { directoryOf, EMBEDDED, findModel } from './find-model.ts'
export type { HeadAnswer, HeadFile } from './heads/heads-worker.ts'
export { keepHeads, obtainHeads } from './heads/obtain-heads.ts'
export { type Heads, openHeads } from './heads/open-heads.ts'
export { readHead } from './heads/read-head.ts'
export { importModel } from './import-model.ts'
export { type KnownModel, listModels, removeModel } from './list-models.ts'
export { isOfModel, tellPrecisions } from './model-files.ts'
export { type ObtainOptions, type ObtainProgress, obtainModel } from './obtain-model.ts'
export { pullModel } from './pull-model.ts'
export type { ModelPeer } from './take-from-peers.ts'

export interface ScorerOptions {
  /** where downloaded models are kept */
  cacheDir: string
  /** `fp32` (the default) for the plain files, else the suffix of their names: `fp16`, `quantized`, `q4`, ... */
  precision?: string
  /** `cpu` (the default), `webgpu`, `cuda:0,cuda:1` */
  device?: string | undefined
  /** threads of the model's arithmetic on a CPU; by default all cores but one */
  threads?: number
  /** most pairs of one batch; where absent, a GPU's is found by trial */
  batch?: number
  /** how long an idle model waits for a batch to fill, milliseconds */
  maxWaitMs?: number
  /** never touch the network: a model that is not in the cache is an error */
  offline?: boolean
  /** where `hf:` models come from, in place of `HF_ENDPOINT` or https://huggingface.co */
  endpoint?: string
  onProgress?: (progress: DownloadProgress) => void
  /** told when a device can't do what it could: out of memory, or lost */
  onTrouble?: ((use: DeviceUse) => void) | undefined
  signal?: AbortSignal
}

const DEFAULT_WAIT_MS = 20
/** of all scorers of this process */
const TURN = makeTurn()
/** Pairs of a reference run. */
const GOLDEN_BATCH = 4

/**
 * Opens a dual encoder in the Hugging Face/Optimum layout and tries it out in a thread of its own.
 *
 * A caller that keeps three batches of pairs waiting keeps the model busy; more only costs memory.
 *
 * @param model - as `findModel` takes it, or undefined for the embedded shoal-mini
 * @throws ShoalError `model_missing_file`, `model_precision`, `model_config`, `model_layout`, `model_broken`,
 *   `model_hash`, `model_download`, `model_golden`, `device_unknown`, `device_mixed`, `device_unusable`; as `findModel`
 */
export async function openScorer(model: string | undefined, options: ScorerOptions): Promise<Scorer> {
  prepareRuntime()
  const devices = parseDevices(options.device ?? CPU.name)
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
    ...{ directory, precision, config, device: CPU, turn: null },
    threads: options.threads ?? Math.max(1, availableParallelism() - 1),
    batch: CPU_BATCH,
  }
  const lanes = devices.map((device) => layOut(device, devices.length, encoder, options.batch))
  // before the model itself: two of them at once may be more than there is memory for
  const golden = shoal && shoal.golden.length > 0 ? shoal.golden : await runReference(encoder, devices)
  const { onTrouble, maxWaitMs = DEFAULT_WAIT_MS } = options
  const batches = await openBatches(lanes, { maxWaitMs, onTrouble })
  await refuseStrays(batches, () =>
    checkGolden(batches, golden, config.geometry, directory, batches.deviceClass()),
  )
  return {
    geometry: config.geometry,
    model: { repo: id === null ? (shoal?.name ?? basename(directory)) : `${id.repo}@${id.revision}`, files },
    thresholds: shoal?.similarity ?? (isPresetsModel(files) ? 'preset' : null),
    get deviceClass() {
      return batches.deviceClass()
    },
    devices: batches.devices,
    score: batches.score,
    embed: batches.embed,
    close: batches.close,
  }
}

/** What a device is given of the model's work. @throws ShoalError `device_unusable` */
function layOut(
  device: Device,
  devices: number,
  encoder: EncoderOptions,
  batch: number | undefined,
): OpenOptions {
  if (device.kind === 'cpu') {
    const threads = Math.max(1, Math.floor(encoder.threads / devices))
    return { ...encoder, threads, device, batch: batch ?? CPU_BATCH, isTried: false }
  }
  if (!isForGpus(encoder.precision))
    throw unusable(device, `it computes fp32 and fp16 alone, and the model is in ${encoder.precision}`)
  const most = batch ?? mostPairs(encoder.config.geometry)
  const turn = device.kind === 'webgpu' ? TURN : null
  return { ...encoder, device, turn, batch: most, isTried: batch === undefined }
}

/**
 * The golden pairs of a model that brings none: what its plain files give on this machine's own processor, if they are
 * there. A CPU that runs just these is its own reference: then there is nothing to compare.
 */
async function runReference(encoder: EncoderOptions, devices: readonly Device[]): Promise<GoldenPair[]> {
  const plain = { ...encoder, precision: 'fp32', device: CPU, batch: GOLDEN_BATCH, isTried: false }
  const isPlain = encoder.precision === plain.precision && devices.every(({ kind }) => kind === 'cpu')
  if (isPlain || !(await hasPrecision(encoder.directory, plain.precision))) return []
  const batches = await openBatches([plain], { maxWaitMs: 0 })
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
