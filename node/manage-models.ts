import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { ShoalError } from '../protocol/errors.ts'
import { MAX_IMAGE_PIXELS } from '../protocol/limits.ts'
import type { FilterRules } from '../protocol/rules/filter.ts'
import { PRESETS } from '../protocol/rules/presets.ts'
import type { CropGeometry } from './components.ts'
import { startDecoder } from './images/images.ts'
import {
  checkModel,
  type DownloadProgress,
  findModel,
  importModel,
  type KnownModel,
  listModels,
  type ModelCheck,
  openScorer,
  pullModel,
  removeModel,
} from './score/score.ts'

export type { DownloadProgress, KnownModel, ModelCheck }

export interface PulledModel {
  name: string
  directory: string
  precision: string
  /** of all its files */
  bytes: number
}

/** The models of a data directory. Its daemon may run: nothing here is in its database. */
export interface Models {
  /** @see `listModels` of node/score */
  list(): Promise<KnownModel[]>
  /**
   * Download a model, or what is missing of it.
   *
   * @param model - a recipe's name, or `hf:owner/name@revision`
   * @throws ShoalError `model_unknown`, `model_here`, `model_download`, `model_hash`, `model_room`
   */
  pull(model: string, options: PullOptions): Promise<PulledModel>
  /** Copy a directory's model to the others, once it has been opened in each of its precisions. @see `importModel` of node/score */
  import(
    from: string,
    options: {
      name?: string | undefined
      onProgress?: (progress: { done: number; total: number }) => void
      signal?: AbortSignal
    },
  ): Promise<{ name: string; directory: string; precisions: string[]; bytes: number }>
  /** Open a model and compare it with what is known. @param model - null: shoal-mini. @see `checkModel` of node/score */
  check(
    model: string | null,
    options?: { precision?: string | undefined; threads?: number | undefined; device?: string | undefined },
  ): Promise<ModelCheck>
  /** @see `removeModel` of node/score */
  remove(name: string): Promise<KnownModel>
}

export interface PullOptions {
  precision?: string | undefined
  /** in place of `HF_ENDPOINT` or https://huggingface.co */
  endpoint?: string | undefined
  onProgress?: ((progress: DownloadProgress) => void) | undefined
  signal?: AbortSignal | undefined
}

/** What is drawn for the comparison is no picture of a page: all that decodes is taken. */
const ANY_PICTURE: FilterRules = {
  ...PRESETS['laion-5b']!,
  image: { minBytes: 1, maxPixels: MAX_IMAGE_PIXELS, minSide: 1, maxAspect: null, formats: ['jpeg', 'png'] },
}

/** Where a data directory's models are. */
function modelsDir(dataDir: string): string {
  return join(dataDir, 'models')
}

/** What a person calls a model, as an absolute path or `hf:…`. @throws ShoalError `model_unknown`, `model_id` */
export function resolveModel(model: string, dataDir: string): Promise<string> {
  return findModel(model, modelsDir(dataDir))
}

export function manageModels(dataDir: string): Models {
  const cacheDir = modelsDir(dataDir)
  return {
    list: () => listModels(cacheDir),
    pull: (model, options) => pullModel(model, { cacheDir, ...options }),
    import: (from, options) =>
      importModel(from, {
        ...{ ...options, cacheDir },
        async validate(directory, precision) {
          const scorer = await openScorer(directory, { cacheDir, precision, offline: true })
          await scorer.close()
        },
      }),
    async check(model, { precision = 'fp32', threads = availableParallelism(), device = 'cpu' } = {}) {
      const decoder = startDecoder({ threads: 1 })
      try {
        return await checkModel(model, {
          ...{ cacheDir, precision, threads, device, offline: true },
          async decode(bytes: Uint8Array, geometry: CropGeometry) {
            const decoded = await decoder.decode(bytes, geometry, ANY_PICTURE)
            if (decoded.ok) return decoded.image.crop
            throw new ShoalError(
              'model_check',
              `a picture for the comparison does not decode: ${decoded.detail}`,
            )
          },
        })
      } finally {
        await decoder.close()
      }
    },
    remove: (name) => removeModel(name, cacheDir),
  }
}
