import { findDataDir } from '../node/paths.ts'
import type { Options } from './options.ts'

/**
 * The model that a command line names, so that a daemon that stands elsewhere finds it as well.
 *
 * @returns an absolute path or `hf:…`; null where none is named
 * @throws ShoalError `model_unknown`, `model_id`
 */
export async function readModel({ model, data }: Pick<Options, 'model' | 'data'>): Promise<string | null> {
  if (model === undefined) return null
  const { resolveModel } = await import('../node/manage-models.ts')
  return resolveModel(model, findDataDir(data))
}
