import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { encode, equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { arithmeticOf } from './device-class.ts'

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
  for (const path of listPaths(precision).sort()) {
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
 * The precisions of a model that a stranger lists, the plain one first: what is listed makes a whole model of each,
 * and nothing is listed that none reads. Of two that count as one class of device nobody could tell which was meant.
 *
 * @throws ShoalError `campaign_model`
 */
export function tellPrecisions({ repo, files }: { repo: string; files: readonly ModelFile[] }): string[] {
  const listed = files.map(({ path }) => path)
  const towers = listed.map((path) => TOWER.exec(path)).filter((match) => match !== null)
  const named = towers.map((match) => match[1] ?? 'fp32').sort((a, b) => rankOf(a) - rankOf(b))
  const precisions = named.length > 0 ? named : ['fp32']
  const read = new Set(precisions.flatMap(listPaths))
  const needed = precisions.flatMap((precision) => {
    const { vision, text, required } = namePaths(precision)
    return [...required, text, vision]
  })
  const classes = precisions.map(arithmeticOf)
  const what = [
    ...[...new Set(needed)].filter((path) => !listed.includes(path)).map((path) => `it lacks ${path}`),
    ...listed.filter((path) => !read.has(path)).map((path) => `nothing reads ${path}`),
    ...classes.filter((one, i) => classes.indexOf(one) < i).map((one) => `two of its precisions are ${one}`),
  ]
  if (what.length === 0) return precisions
  throw new ShoalError(
    'campaign_model',
    `the campaign's model is ${repo}, which no node can open: ${what.slice(0, 3).join(', ')}. Leave the campaign, or tell its organiser`,
  )
}

const TOWER = /^onnx\/vision_model(?:_(\w+))?\.onnx$/

function rankOf(precision: string): number {
  return precision === 'fp32' ? 0 : 1
}

/** Those of a model's files that a precision reads, in the order of `readModelFiles`. */
export function filesOf(files: readonly ModelFile[], precision: string): ModelFile[] {
  const read = listPaths(precision)
  return files.filter(({ path }) => read.includes(path)).sort((a, b) => (a.path < b.path ? -1 : 1))
}

/**
 * Whether a scorer's files are a campaign's model, in one of its precisions.
 *
 * @throws ShoalError `campaign_model` where the campaign lists no model
 */
export function isOfModel(
  { files }: { files: readonly ModelFile[] },
  model: { repo: string; files: readonly ModelFile[] },
): boolean {
  const own = encode(files)
  return tellPrecisions(model).some((precision) => equalBytes(own, encode(filesOf(model.files, precision))))
}

/** @returns whether both towers of this precision are in a directory */
export async function hasPrecision(directory: string, precision: string): Promise<boolean> {
  return (await listPrecisions(directory)).includes(precision)
}

function listPaths(precision: string): string[] {
  const { vision, text, required, optional } = namePaths(precision)
  return [...required, ...optional, text, vision]
}

/** @returns the precisions of which both towers are there */
export async function listPrecisions(directory: string): Promise<string[]> {
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
