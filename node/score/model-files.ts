import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ShoalError } from '../../protocol/errors.ts'

/** One file of a model, as a campaign's manifest lists it. */
export interface ModelFile {
  /** inside the model's directory, with forward slashes */
  path: string
  /** lower-case hex */
  sha256: string
  bytes: number
}

/** Where the Hugging Face/Optimum layout keeps what a dual encoder needs. */
export interface ModelPaths {
  vision: string
  text: string
  /** always there: `config.json`, `preprocessor_config.json`, `tokenizer.json` */
  required: string[]
  /** read where they are there: weights kept outside of the graph, and the tokenizer's own settings */
  optional: string[]
}

/**
 * @param precision - `fp32` for the plain files, else the suffix of their names: `fp16`, `quantized`, `q4`, ...
 */
export function namePaths(precision: string): ModelPaths {
  const suffix = precision === 'fp32' ? '' : `_${precision}`
  const vision = `onnx/vision_model${suffix}.onnx`
  const text = `onnx/text_model${suffix}.onnx`
  return {
    vision,
    text,
    required: ['config.json', 'preprocessor_config.json', 'tokenizer.json'],
    optional: ['tokenizer_config.json', `${vision}_data`, `${text}_data`],
  }
}

/**
 * Checks that a directory holds a model of this precision and hashes its files.
 *
 * @throws ShoalError `model_missing_file`, or `model_precision` with the precisions that are there
 */
export async function readModelFiles(directory: string, precision: string): Promise<ModelFile[]> {
  const paths = namePaths(precision)
  for (const path of [paths.vision, paths.text]) {
    if (await isFile(join(directory, path))) continue
    const there = await listPrecisions(directory)
    if (there.length === 0) throw missing(directory, path)
    const choice = there.join(', ')
    throw new ShoalError(
      'model_precision',
      `${directory}: no ${path} for precision ${precision}; it has ${choice}`,
    )
  }
  for (const path of paths.required) {
    if (!(await isFile(join(directory, path)))) throw missing(directory, path)
  }
  const files: ModelFile[] = []
  for (const path of [...paths.required, ...paths.optional, paths.text, paths.vision].sort()) {
    const absolute = join(directory, path)
    if (await isFile(absolute)) files.push({ path, ...(await hashFile(absolute)) })
  }
  return files
}

/** @returns sha256 in lower-case hex, and the length; constant memory */
export async function hashFile(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256')
  const source = createReadStream(path, { highWaterMark: 1024 * 1024 })
  await pipeline(source, hash)
  return { sha256: hash.digest('hex'), bytes: source.bytesRead }
}

/**
 * The precision of a model that a stranger lists: these files, and no others, are what a scorer would read.
 *
 * @throws ShoalError `campaign_model`
 */
export function tellPrecision({ repo, files }: { repo: string; files: readonly ModelFile[] }): string {
  const listed = files.map(({ path }) => path)
  const towers = listed.flatMap((path) => /^onnx\/vision_model(?:_(\w+))?\.onnx$/.exec(path) ?? [])
  const precision = towers.length === 2 ? (towers[1] ?? 'fp32') : 'fp32'
  const { vision, text, required, optional } = namePaths(precision)
  const lacking = [...required, text, vision].filter((path) => !listed.includes(path))
  const strange = listed.filter((path) => ![...required, ...optional, text, vision].includes(path))
  if (lacking.length + strange.length === 0) return precision
  const what = [
    ...lacking.map((path) => `it lacks ${path}`),
    ...strange.map((path) => `nothing reads ${path}`),
  ]
  throw new ShoalError(
    'campaign_model',
    `the campaign's model is ${repo}, which no node can open: ${what.slice(0, 3).join(', ')}. Leave the campaign, or tell its organiser`,
  )
}

/** @returns the precisions of which both towers are there */
async function listPrecisions(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, 'onnx')).catch((): string[] => [])
  const suffixes = names.map((name) => /^vision_model(?:_(\w+))?\.onnx$/.exec(name)).filter((m) => m !== null)
  return suffixes.map((m) => m[1] ?? 'fp32').filter((p) => names.includes(namePaths(p).text.slice(5)))
}

function missing(directory: string, path: string): ShoalError {
  const layout =
    'config.json, preprocessor_config.json, tokenizer.json, onnx/vision_model.onnx, onnx/text_model.onnx'
  return new ShoalError('model_missing_file', `${directory}: ${path} is missing; a model has ${layout}`)
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false
}
