import { readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { Thresholds } from '../../protocol/rules/filter.ts'
import { EMBEDDED, EMBEDDED_NAME, idOfDirectory, shortName } from './find-model.ts'
import { listPrecisions, namePaths } from './model-files.ts'
import { RECIPES, type Recipe, recipeOf } from './recipes.ts'
import { readShoalFile } from './shoal-file.ts'

/** A model that is here, or that could be. */
export interface KnownModel {
  /** what `--model` takes */
  name: string
  /** `campaign`: got for one, by its hashes; `recipe`: known, and not here */
  kind: 'embedded' | 'downloaded' | 'imported' | 'campaign' | 'recipe'
  title: string | null
  /** `owner/name@revision` at the Hugging Face hub */
  repo: string | null
  /** absolute path, or null where it is not here */
  directory: string | null
  /** those that are whole here; of a recipe those that are known */
  precisions: string[]
  /** on the disk; of a recipe about what the first precision's download has */
  bytes: number
  /** why it can't be opened, or null */
  trouble: string | null
  dimension: number | null
  languages: string | null
  licence: string | null
  /** least cosines: the model's own, or those of presets; none where nobody knows any */
  thresholds: (Thresholds & { preset: string | null })[]
  /** where the thresholds come from, or why there are none */
  source: string
}

/** Beside models: the heads of campaigns, and whatever is hidden. */
const NO_MODEL = /^(?:heads$|\.)/
const CID_LIKE = /^b[a-z2-7]{58}$/
const OWN = "the model's own shoal.json"
const UNKNOWN = 'the model brings none: set --threshold'

/** All models that are here, the embedded one first, and after them the recipes of those that are not. */
export async function listModels(cacheDir: string): Promise<KnownModel[]> {
  const names = (await readdir(cacheDir).catch((): string[] => [])).filter((name) => !NO_MODEL.test(name))
  const here: KnownModel[] = [await describeDirectory(EMBEDDED_NAME, EMBEDDED, 'embedded', null)]
  for (const name of names.sort()) {
    const directory = join(cacheDir, name)
    if (!(await stat(directory).catch(() => null))?.isDirectory()) continue
    const id = idOfDirectory(name)
    const kind = id !== null ? 'downloaded' : CID_LIKE.test(name) ? 'campaign' : 'imported'
    const recipe = id === null ? null : (recipeOf(id.repo) ?? null)
    const shown = id === null ? name : shortName(id)
    const known = await describeDirectory(shown, directory, kind, recipe)
    here.push({ ...known, repo: id === null ? null : `${id.repo}@${id.revision}` })
  }
  const absent = RECIPES.filter(({ name }) => !here.some((one) => one.name === name))
  return [...here, ...absent.map(describeRecipe)]
}

/**
 * Take a model off the disk, whole or begun.
 *
 * @param name - as `listModels` has it
 * @throws ShoalError `model_embedded`, `model_unknown`
 */
export async function removeModel(name: string, cacheDir: string): Promise<KnownModel> {
  const model = (await listModels(cacheDir)).find(
    (one) => one.name === name || one.repo === name.replace(/^hf:/, ''),
  )
  if (model?.kind === 'embedded')
    throw new ShoalError('model_embedded', `${name} is a part of Shoal: only what was added can be removed`)
  if (!model?.directory)
    throw new ShoalError('model_unknown', `no model ${name} is here: shoal model list has those that are`)
  await rm(model.directory, { recursive: true, force: true })
  return model
}

async function describeDirectory(
  name: string,
  directory: string,
  kind: KnownModel['kind'],
  recipe: Recipe | null,
): Promise<KnownModel> {
  const { precisions, bytes, trouble } = await measure(directory)
  const shoal = await readShoalFile(directory).catch(() => null)
  const own = shoal?.similarity ? [{ preset: null, ...shoal.similarity }] : []
  const { thresholds, source, ...facts } = factsOf(recipe)
  return {
    ...{ name, kind, repo: null, directory, precisions, bytes, trouble, ...facts },
    title: recipe?.title ?? (shoal && shoal.name !== basename(directory) ? shoal.name : null),
    thresholds: own.length > 0 ? own : thresholds,
    source: own.length > 0 ? OWN : source,
  }
}

function describeRecipe(recipe: Recipe): KnownModel {
  const precisions = Object.keys(recipe.bytes)
  return {
    ...{ name: recipe.name, kind: 'recipe', title: recipe.title, directory: null, trouble: null },
    ...{ repo: `${recipe.repo}@${recipe.revision}`, precisions, bytes: recipe.bytes[precisions[0]!]! },
    ...factsOf(recipe),
  }
}

function factsOf(recipe: Recipe | null) {
  const { dimension = null, languages = null, licence = null, source = UNKNOWN } = recipe ?? {}
  const thresholds = Object.entries(recipe?.thresholds ?? {}).map(([preset, each]) => ({ preset, ...each }))
  return { dimension, languages, licence, thresholds, source }
}

async function measure(directory: string): Promise<Pick<KnownModel, 'precisions' | 'bytes' | 'trouble'>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const sizes = await Promise.all(files.map((file) => stat(file).catch(() => null)))
  const bytes = sizes.reduce((sum, found) => sum + (found?.size ?? 0), 0)
  const missing = namePaths('fp32').required.filter((path) => !files.includes(join(directory, path)))
  const precisions = missing.length > 0 ? [] : await listPrecisions(directory)
  if (precisions.length > 0) return { precisions, bytes, trouble: null }
  const trouble = files.some((file) => file.endsWith('.part'))
    ? 'its download was not finished: pull it again to go on'
    : missing.length > 0
      ? `it lacks ${missing.join(', ')}`
      : 'it lacks a vision or a text model in onnx/'
  return { precisions, bytes, trouble }
}
