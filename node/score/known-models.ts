import { ShoalError } from '../../protocol/errors.ts'
import type { ModelFile } from './model-files.ts'
import { RECIPES, type Recipe, recipeOf } from './recipes.ts'

/** @returns the sha256 that a published file must have, or undefined where it is not known */
export function pinOf(repo: string, path: string): string | undefined {
  return recipeOf(repo)?.pins[path]
}

/** Where a file of a model lies in its repository. */
export function sourcePath(repo: string, path: string): string {
  return recipeOf(repo)?.paths?.[path] ?? path
}

/** @throws ShoalError `model_hash` where a file of a known repository is not the published one */
export function checkPins(repo: string, files: readonly ModelFile[], directory: string): void {
  for (const { path, sha256 } of files) {
    const pin = pinOf(repo, path)
    if (pin === undefined || pin === sha256) continue
    const hashes = `sha256 ${sha256}; ${repo}'s has ${pin}`
    throw new ShoalError('model_hash', `${directory}: ${path} has ${hashes}. Delete it to download it again`)
  }
}

/** @returns the recipe whose towers these are, by their hashes */
export function recipeWith(files: readonly ModelFile[]): Recipe | undefined {
  const towers = files.filter(({ path }) => path.endsWith('.onnx'))
  return RECIPES.find(
    ({ pins }) => towers.length > 0 && towers.every(({ path, sha256 }) => pins[path] === sha256),
  )
}

/** Whether the presets' thresholds were published for this model: its image tower is known, its text tower not another. */
export function isPresetsModel(files: readonly ModelFile[]): boolean {
  const { pins } = RECIPES[0]!
  const towers = files.filter(({ path }) => /^onnx\/(vision|text)_model\w*\.onnx$/.test(path))
  const isKnown = towers.some(({ path, sha256 }) => path.includes('vision') && pins[path] === sha256)
  return isKnown && towers.every(({ path, sha256 }) => pins[path] === undefined || pins[path] === sha256)
}
