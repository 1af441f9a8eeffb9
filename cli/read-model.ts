import { findDataDir } from '../node/paths.ts'
import type { Options } from './options.ts'

/**
 * What `--model` names, whatever it is called, so that a daemon that stands elsewhere finds it as well.
 *
 * @returns an absolute path or `hf:…`
 * @throws ShoalError `model_unknown`, `model_id`
 */
export async function readModel(model: string, { data }: Pick<Options, 'data'>): Promise<string> {
  const { resolveModel } = await import('../node/manage-models.ts')
  return resolveModel(model, findDataDir(data))
}
