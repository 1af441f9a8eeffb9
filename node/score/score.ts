import type { ShoalError } from '../../protocol/errors.ts'
import type { DeviceUse, Scorer } from '../components.ts'
import { type BatchScorer, openBatches } from './batch-pairs.ts'
import { checkGolden } from './check-golden.ts'
import { AUTO, chooseDevices } from './choose-devices.ts'
import { CPU } from './device.ts'
import { deviceClassOf } from './device-class.ts'
import type { EncoderOptions } from './dual-encoder.ts'
import { type LoadedModel, loadModel, type ModelOptions, readGolden } from './load-model.ts'
import { prepareRuntime } from './prepare-runtime.ts'

export { benchScore } from './bench-score.ts'
export { checkModel, type ModelCheck } from './check-model.ts'
export { precisionLike } from './device-class.ts'
export type { DownloadProgress } from './download-model.ts'
export { directoryOf, EMBEDDED, findModel } from './find-model.ts'
export type { HeadAnswer, HeadFile } from './heads/heads-worker.ts'
export { keepHeads, obtainHeads } from './heads/obtain-heads.ts'
export { type Heads, openHeads } from './heads/open-heads.ts'
export { readHead } from './heads/read-head.ts'
export { importModel } from './import-model.ts'
export { installCuda } from './install-cuda.ts'
export { type KnownModel, listModels, removeModel } from './list-models.ts'
export { isOfModel, tellPrecisions } from './model-files.ts'
export { type ObtainOptions, type ObtainProgress, obtainModel } from './obtain-model.ts'
export { pullModel } from './pull-model.ts'
export type { ModelPeer } from './take-from-peers.ts'

export interface ScorerOptions extends ModelOptions {
  /** `cpu` (the default), `auto`, `webgpu`, `cuda:0,cuda:1` */
  device?: string | undefined
  /** most pairs of one batch; where absent, a GPU's is found by trial */
  batch?: number
  /** how long an idle model waits for a batch to fill, milliseconds */
  maxWaitMs?: number
  /** told before a device is tried, which takes a while */
  onTrial?: ((device: string) => void) | undefined
  /** told when a device can't do what it could: out of memory, or lost */
  onTrouble?: ((use: DeviceUse) => void) | undefined
}

const DEFAULT_WAIT_MS = 20
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
  const loaded = await loadModel(model, options)
  const { device = CPU.name, batch, cacheDir, onTrial, onTrouble, signal } = options
  const chosen = await chooseDevices(loaded, { device, batch, cacheDir, onTrial, signal })
  const { geometry } = loaded
  const batches = await openChecked(loaded, chosen, options).catch(async (error: ShoalError) => {
    // it worked when it was tried: something else may have it now
    if (device !== AUTO || isOnCpu(chosen)) throw error
    onTrouble?.({ ...nothingOf(chosen[0]!), trouble: `not used, the CPU is: ${error.message}` })
    return openChecked(loaded, await chooseDevices(loaded, { device: CPU.name, batch, cacheDir }), options)
  })
  return {
    ...{ geometry, model: loaded.model, thresholds: loaded.thresholds },
    get deviceClass() {
      return batches.deviceClass()
    },
    devices: batches.devices,
    score: batches.score,
    embed: batches.embed,
    close: batches.close,
  }
}

async function openChecked(
  loaded: LoadedModel,
  chosen: EncoderOptions[],
  { onTrouble, maxWaitMs = DEFAULT_WAIT_MS }: ScorerOptions,
): Promise<BatchScorer> {
  const { directory, precision } = loaded.encoder
  // before the model itself: two of them at once may be more than there is memory for
  const golden = await readGolden(loaded, isOnCpu(chosen) && precision === 'fp32')
  const batches = await openBatches(chosen, { maxWaitMs, onTrouble })
  try {
    await checkGolden(batches, golden, loaded.geometry, directory, batches.deviceClass())
    return batches
  } catch (error) {
    await batches.close()
    throw error
  }
}

function isOnCpu(chosen: readonly EncoderOptions[]): boolean {
  return chosen.every(({ device }) => device.kind === 'cpu')
}

function nothingOf({ device, precision }: EncoderOptions): Omit<DeviceUse, 'trouble'> {
  return {
    ...{ device: device.name, deviceClass: deviceClassOf(device, precision) },
    ...{ batch: 0, pairs: 0, busySeconds: 0 },
  }
}
