import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { cidOf, encode, equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { downloadFile } from './download-file.ts'
import { hubAddress, hubDirectory, type ModelId, parseModelId } from './download-model.ts'
import { filesOf, hashFile, type ModelFile, readModelFiles, tellPrecisions } from './model-files.ts'
import { type TakeOptions, takeFromPeers } from './take-from-peers.ts'

/** How much of a model is here. */
export interface ObtainProgress {
  done: number
  total: number
  unit: 'bytes'
}

export interface ObtainOptions extends Pick<TakeOptions, 'onLie' | 'signal'> {
  /** where models are kept that were got before */
  cacheDir: string
  /** directories that may hold it, looked at first */
  given: readonly string[]
  /** whom to ask for it; nobody where absent */
  peers?: TakeOptions['peers'] | undefined
  /** what a model may have, so that no campaign fills the disk; as much as there is free where absent */
  maxBytes?: number | undefined
  /** which of the model's precisions; where absent, one that is here already, or else the first */
  precision?: string | undefined
  /** leave the model's origin alone */
  offline: boolean
  /** the origin, in place of `HF_ENDPOINT` or https://huggingface.co */
  endpoint?: string | undefined
  onProgress?: ((progress: ObtainProgress) => void) | undefined
}

/** A model, as a campaign names it. */
interface WantedModel {
  repo: string
  files: readonly ModelFile[]
}

export interface ObtainedModel {
  directory: string
  precision: string
  files: ModelFile[]
}

/**
 * See to it that the very files of a campaign's model are here: those of a given directory, or in the cache under
 * whatever name, or from peers, or from the origin that the model's name tells, in this order. What was got lies in a
 * directory that is named by all the hashes, so that no campaign's files are taken for another's, whatever they call
 * their model.
 *
 * Of a model in several precisions only what one of them reads is got.
 *
 * @returns the directory, and the precision to open it with, which reads these files of the model's
 * @throws ShoalError `campaign_model` where they can't be had; `model_precision` where the campaign has none such; what
 *   the disk does; the signal's reason
 */
export async function obtainModel(model: WantedModel, options: ObtainOptions): Promise<ObtainedModel> {
  const precisions = choosePrecisions(model, options.precision)
  const origin = originOf(model.repo)
  const hub = origin === null ? [] : [hubDirectory(options.cacheDir, origin)]
  const wanted = precisions.map((precision) => {
    const files = filesOf(model.files, precision)
    return { precision, files, own: join(options.cacheDir, cidOf(encode(files)).toString()) }
  })
  // imported, or downloaded by another name
  const others = (await readdir(options.cacheDir).catch(() => [])).map((name) => join(options.cacheDir, name))
  for (const { precision, files, own } of wanted)
    for (const directory of [...options.given, ...hub, own, ...others])
      if (await holds(directory, precision, files)) return { directory, precision, files }
  const [{ precision, files, own }] = wanted as [(typeof wanted)[0]]
  await inTurn(own, () => fill(own, { ...model, files }, origin, options))
  return { directory: own, precision, files }
}

function choosePrecisions(model: WantedModel, precision: string | undefined): string[] {
  const precisions = tellPrecisions(model)
  if (precision === undefined) return precisions
  if (precisions.includes(precision)) return [precision]
  const has = `${model.repo} in ${precisions.join(', ')}`
  throw new ShoalError('model_precision', `the campaign's model is ${has}: ${precision} is none of them`)
}

/** Names that are no address of the hub's have no origin. */
function originOf(repo: string): ModelId | null {
  try {
    return parseModelId(`hf:${repo}`)
  } catch {
    return null
  }
}

/** Whether a scorer would read these files there, and no others. */
async function holds(directory: string, precision: string, files: readonly ModelFile[]): Promise<boolean> {
  for (const { path, bytes } of files) if ((await sizeOf(join(directory, path))) !== bytes) return false
  const there = await readModelFiles(directory, precision)
  return equalBytes(encode(there), encode(files))
}

async function fill(
  directory: string,
  model: WantedModel,
  origin: ModelId | null,
  options: ObtainOptions,
): Promise<void> {
  const { peers, onLie, onProgress, signal, offline, endpoint } = options
  const total = model.files.reduce((sum, { bytes }) => sum + bytes, 0)
  await checkRoom(directory, model, total, options.maxBytes)
  let done = 0
  // the smallest first: what is wrong with them shows before the long ones
  for (const file of [...model.files].sort((a, b) => a.bytes - b.bytes)) {
    const path = join(directory, file.path)
    const onBytes = (bytes: number) => onProgress?.({ done: done + bytes, total, unit: 'bytes' })
    if (!(await isThere(path, file))) {
      // what was whole and is not any more is worth nothing
      await rm(path, { force: true })
      const reasons = peers ? await takeFromPeers(file, path, { peers, onLie, onBytes, signal }) : []
      if (reasons !== null) {
        const reason = await takeFromOrigin(file, path, { origin, offline, endpoint, onBytes, signal })
        if (reason !== null) throw unobtainable(model, file, [...reasons, reason])
      }
    }
    done += file.bytes
    onBytes(0)
  }
}

/** @throws ShoalError `campaign_model` where a model has more bytes than there is room for */
export async function checkRoom(
  directory: string,
  { repo, files }: WantedModel,
  total: number,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<void> {
  await mkdir(directory, { recursive: true })
  let here = 0
  for (const { path } of files) {
    const absolute = join(directory, path)
    here += (await sizeOf(absolute)) ?? (await sizeOf(`${absolute}.part`)) ?? 0
  }
  const { bavail, bsize } = await statfs(directory)
  const room = Math.min(maxBytes, bavail * bsize + here)
  if (total <= room) return
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`
  throw new ShoalError(
    'campaign_model',
    `the campaign's model is ${repo}, which has ${megabytes(total)}, and there is room for ${megabytes(room)}: make room, or allow more`,
  )
}

export async function isThere(path: string, { sha256, bytes }: ModelFile): Promise<boolean> {
  return (await sizeOf(path)) === bytes && (await hashFile(path)).sha256 === sha256
}

interface OriginOptions
  extends Pick<ObtainOptions, 'offline' | 'endpoint'>,
    Pick<TakeOptions, 'onBytes' | 'signal'> {
  origin: ModelId | null
}

/** @returns null when it is there, else why it is not */
async function takeFromOrigin(
  file: ModelFile,
  path: string,
  { origin, offline, endpoint, onBytes, signal }: OriginOptions,
): Promise<string | null> {
  if (origin === null) return 'its name is no address, so that it has no other origin'
  if (offline) return 'its origin is not asked, since this node is offline'
  // what peers began may be a lie
  for (let isFresh = false; ; ) {
    isFresh = ((await sizeOf(`${path}.part`)) ?? 0) === 0
    try {
      await downloadFile(hubAddress(origin, file.path, endpoint), {
        ...{
          name: file.path,
          path,
          sha256: file.sha256,
          bytes: file.bytes,
          isOptional: false,
          advice: 'Try again later',
        },
        onProgress: ({ bytes }) => onBytes?.(bytes),
        signal,
      })
      return null
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof ShoalError)) throw error
      if (error.code !== 'model_hash' || isFresh) return error.message
    }
  }
}

function unobtainable({ repo }: WantedModel, { path }: ModelFile, reasons: string[]): ShoalError {
  return new ShoalError(
    'campaign_model',
    `the campaign's model is ${repo}, and its ${path} can't be had (${reasons.join('; ')}): name nodes that have it with --peer, or start with --model and a directory that holds its very files`,
  )
}

/** Bytes of a file, or null where there is none. */
async function sizeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null)
  return found?.isFile() ? found.size : null
}

const underway = new Map<string, Promise<void>>()

/** Two campaigns may have the same model; of two processes only one has the data directory. */
export async function inTurn(name: string, work: () => Promise<void>): Promise<void> {
  for (let other = underway.get(name); other; other = underway.get(name)) await other
  const { promise, resolve } = Promise.withResolvers<void>()
  underway.set(name, promise)
  try {
    await work()
  } finally {
    underway.delete(name)
    resolve()
  }
}
