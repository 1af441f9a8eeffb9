import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { Thresholds } from '../../protocol/rules/filter.ts'
import { readJson } from './model-config.ts'

/** What the plain fp32 model gave on a CPU for one pair: the picture is `testPicture` of the pair's position. */
export interface GoldenPair {
  text: string
  similarity: number
  /** the image's, L2-normalised */
  embedding: Float32Array
}

/** `shoal.json` in a model's directory: what Shoal has to know of a model beyond its own files. */
export interface ShoalFile {
  name: string
  similarity: Thresholds | null
  golden: GoldenPair[]
}

/**
 * @returns null where the directory has no such file
 * @throws ShoalError `model_config`
 */
export async function readShoalFile(directory: string): Promise<ShoalFile | null> {
  const path = join(directory, 'shoal.json')
  const json = await readJson(path, {})
  if (Object.keys(json).length === 0) return null
  const { name, similarity, golden } = json
  const refuse = (what: string) => new ShoalError('model_config', `${path}: ${what}`)
  if (typeof name !== 'string' || name === '') throw refuse('name is missing')
  if (similarity !== undefined && !isThresholds(similarity)) {
    throw refuse('similarity is not { "default": cosine, "languages": { code: cosine } }')
  }
  if (golden !== undefined && !(Array.isArray(golden) && golden.every(isGolden))) {
    throw refuse('golden is not a list of { text, similarity, embedding }')
  }
  const pairs = (golden ?? []).map((pair) => ({ ...pair, embedding: decodeFloats(pair.embedding) }))
  return { name, similarity: similarity ?? null, golden: pairs }
}

/** @returns float32, little-endian, as base64 */
export function encodeFloats(values: Float32Array): string {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeFloatLE(value, i * 4)
  return bytes.toString('base64')
}

function decodeFloats(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64')
  return Float32Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readFloatLE(i * 4))
}

function isThresholds(value: unknown): value is Thresholds {
  const { default: least, languages } = (value ?? {}) as { default?: unknown; languages?: unknown }
  if (typeof languages !== 'object' || languages === null || Array.isArray(languages)) return false
  return [least, ...Object.values(languages)].every(isCosine)
}

function isGolden(value: unknown): value is { text: string; similarity: number; embedding: string } {
  const pair = (value ?? {}) as Record<string, unknown>
  return typeof pair.text === 'string' && isCosine(pair.similarity) && typeof pair.embedding === 'string'
}

function isCosine(value: unknown): value is number {
  return typeof value === 'number' && value >= -1 && value <= 1
}
