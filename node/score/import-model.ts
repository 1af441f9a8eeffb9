import { constants } from 'node:fs'
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import { checkFree } from './check-free.ts'
import { hubDirectory } from './download-model.ts'
import { EMBEDDED_NAME } from './find-model.ts'
import { recipeWith } from './known-models.ts'
import { hashFile, listPrecisions, namePaths } from './model-files.ts'
import { OPEN_CLIP, RECIPES, type Recipe } from './recipes.ts'

/** Lower case, so that it is another name on every file system; no `@`, which those of repositories have. */
const NAME = /^(?!heads$|b[a-z2-7]{58}$)[a-z0-9][a-z0-9._-]{0,63}$/

export interface ImportOptions {
  cacheDir: string
  /** what it is called from then on; where absent, a recipe's name if it is that model, else its directory's */
  name?: string | undefined
  /** Try it out, before it comes to its place. */
  validate: (directory: string, precision: string) => Promise<void>
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined
  signal?: AbortSignal | undefined
}

/**
 * Copy a model's files to where models are kept: those that are read, of all precisions that are whole. Laid out as
 * Optimum does, or as open_clip's exports are (`visual/model.onnx`, `textual/model.onnx`).
 *
 * @throws ShoalError `model_name`, `model_exists`, `model_missing_file`, `model_room`; what `validate` throws
 */
export async function importModel(
  from: string,
  { cacheDir, validate, onProgress, signal, ...options }: ImportOptions,
): Promise<{ name: string; directory: string; precisions: string[]; bytes: number }> {
  const source = resolve(from)
  const { files, precisions } = await findFiles(source)
  const recipe = options.name === undefined ? await recognise(files) : undefined
  const name = recipe?.name ?? chooseName(options.name ?? basename(source).toLowerCase())
  const directory = recipe ? hubDirectory(cacheDir, recipe) : join(cacheDir, name)
  if ((await sizeOf(directory)) !== null)
    throw new ShoalError(
      'model_exists',
      `a model ${name} is here already: remove it first, or give another --name`,
    )
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const made = join(cacheDir, `.import-${name}`)
  await rm(made, { recursive: true, force: true })
  try {
    await mkdir(made, { recursive: true })
    await checkFree(made, total)
    let done = 0
    for (const { path, at, bytes } of files) {
      signal?.throwIfAborted()
      await mkdir(dirname(join(made, path)), { recursive: true })
      await copyFile(at, join(made, path), constants.COPYFILE_FICLONE)
      done += bytes
      onProgress?.({ done, total })
    }
    for (const precision of precisions) await validate(made, precision)
    await rename(made, directory)
  } finally {
    await rm(made, { recursive: true, force: true })
  }
  return { name, directory, precisions, bytes: total }
}

/** A recipe's model that came here by hand is kept where a download would be. */
async function recognise(files: readonly Found[]): Promise<Recipe | undefined> {
  const towers = files.filter(({ path }) => path.endsWith('.onnx'))
  return recipeWith(
    await Promise.all(towers.map(async ({ path, at }) => ({ path, ...(await hashFile(at)) }))),
  )
}

function chooseName(name: string): string {
  const isTaken = name === EMBEDDED_NAME || RECIPES.some((recipe) => recipe.name === name)
  if (NAME.test(name) && !isTaken) return name
  const why = isTaken ? 'is the name of another model' : 'is not of a-z, 0-9, dots and dashes'
  throw new ShoalError('model_name', `${name} ${why}: give it a --name`)
}

interface Found {
  /** in the model's directory */
  path: string
  /** where it is now */
  at: string
  bytes: number
}

async function findFiles(source: string): Promise<{ files: Found[]; precisions: string[] }> {
  const found = await listPrecisions(source)
  const isOpenClip = found.length === 0 && (await sizeOf(join(source, 'visual/model.onnx'))) !== null
  const places: Record<string, string> = isOpenClip ? OPEN_CLIP : {}
  const precisions = isOpenClip ? ['fp32'] : found
  const files = new Map<string, Found>()
  for (const precision of precisions.length > 0 ? precisions : ['fp32']) {
    const { vision, text, required, optional } = namePaths(precision)
    for (const path of [...required, vision, text, ...optional, 'shoal.json']) {
      const at = join(source, places[path] ?? path)
      const bytes = await sizeOf(at)
      if (bytes !== null) files.set(path, { path, at, bytes })
      else if (path !== 'shoal.json' && !optional.includes(path))
        throw new ShoalError(
          'model_missing_file',
          `${source}: ${places[path] ?? path} is missing; a model has config.json, preprocessor_config.json, tokenizer.json, onnx/vision_model.onnx, onnx/text_model.onnx`,
        )
    }
  }
  return { files: [...files.values()], precisions }
}

async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.size ?? null
}
