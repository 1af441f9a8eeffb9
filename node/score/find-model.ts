import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ShoalError } from '../../protocol/errors.ts'
import { hubDirectory, type ModelId, parseModelId } from './download-model.ts'
import { RECIPES, recipeOf } from './recipes.ts'

/** The directory of shoal-mini, which is part of the program. */
export const EMBEDDED = fileURLToPath(new URL('./shoal-mini', import.meta.url))
export const EMBEDDED_NAME = 'shoal-mini'

/** No separator, so that no path is one; no dot at the front. */
const NAME = /^[A-Za-z0-9_][\w.@-]{0,199}$/

/**
 * What a person calls a model: the embedded one, a recipe, one in the cache by its name there, a repository
 * (`hf:owner/name@revision`), or a directory, in this order. `./name` is always a directory.
 *
 * @returns `hf:…` or an absolute path
 * @throws ShoalError `model_unknown` where it is no path and nothing has this name; `model_id`
 */
export async function findModel(model: string, cacheDir: string): Promise<string> {
  if (parseModelId(model) !== null || !NAME.test(model))
    return model.startsWith('hf:') ? model : resolve(model)
  if (model === EMBEDDED_NAME) return EMBEDDED
  const recipe = RECIPES.find(({ name }) => name === model)
  if (recipe) return `hf:${recipe.repo}@${recipe.revision}`
  const cached = join(cacheDir, model)
  if (await isDirectory(cached)) {
    const id = idOfDirectory(model)
    return id === null ? cached : nameId(id)
  }
  if (await isDirectory(resolve(model))) return resolve(model)
  const known = [EMBEDDED_NAME, ...RECIPES.map(({ name }) => name)].join(', ')
  throw new ShoalError(
    'model_unknown',
    `${model} is no directory and no model's name: known are ${known}, those that were imported, and hf:owner/name@revision`,
  )
}

/** Where a model's files are or would be. @param model - of `findModel`, or a path */
export function directoryOf(model: string, cacheDir: string): string {
  const id = parseModelId(model)
  return id === null ? resolve(model) : hubDirectory(cacheDir, id)
}

/** The repository that a directory of the cache is named after, or null. */
export function idOfDirectory(name: string): ModelId | null {
  const [, owner, rest, revision] = /^([\w.-]+?)--([\w.-]+)@([\w.-]+)$/.exec(name) ?? []
  if (owner === undefined || rest === undefined || revision === undefined) return null
  return { repo: `${owner}/${rest}`, revision: revision.replaceAll('--', '/') }
}

/** The shortest name by which a repository's model is found again. */
export function shortName(id: ModelId): string {
  const recipe = recipeOf(id.repo)
  return recipe?.revision === id.revision ? recipe.name : nameId(id)
}

function nameId({ repo, revision }: ModelId): string {
  return `hf:${repo}@${revision}`
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false
}
