import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import { type DownloadProgress, downloadFile } from './download-file.ts'
import { pinOf, sourcePath } from './known-models.ts'
import { namePaths } from './model-files.ts'

export type { DownloadProgress } from './download-file.ts'

/** A repository of the Hugging Face hub, or of a server with the same addresses. */
export interface ModelId {
  /** `owner/name` */
  repo: string
  /** branch, tag or commit */
  revision: string
}

const DEFAULT_ENDPOINT = 'https://huggingface.co'

/**
 * @returns null where the model is not written as `hf:...`, and so is a directory
 * @throws ShoalError `model_id` where it is, but names no repository
 */
export function parseModelId(model: string): ModelId | null {
  if (!model.startsWith('hf:')) return null
  const [, owner, name, revision = 'main'] = /^hf:([\w.-]+)\/([\w.-]+)(?:@(\w[\w./-]*))?$/.exec(model) ?? []
  if (owner === undefined || name === undefined || `/${owner}/${name}/${revision}/`.includes('/../')) {
    throw new ShoalError('model_id', `${model}: write it as hf:owner/name@revision`)
  }
  return { repo: `${owner}/${name}`, revision }
}

/**
 * Fetches what is missing of a model. Files already there are not asked for again, so that a complete model needs no
 * network. An interrupted download goes on where it stopped.
 *
 * @returns the model's directory
 * @throws ShoalError `model_download`, `model_hash`
 */
export async function downloadModel(
  id: ModelId,
  precision: string,
  options: {
    cacheDir: string
    offline?: boolean | undefined
    endpoint?: string | undefined
    onProgress?: ((progress: DownloadProgress) => void) | undefined
    signal?: AbortSignal | undefined
  },
): Promise<string> {
  const directory = hubDirectory(options.cacheDir, id)
  const { vision, text, required, optional } = namePaths(precision)
  const needed = [...required, text, vision]
  const missing: string[] = []
  for (const path of needed) if (!(await exists(join(directory, path)))) missing.push(path)
  if (missing.length === 0) return directory
  const endpoint = findEndpoint(options.endpoint)
  const wanted = needed.map((path) => {
    const source = sourcePath(id.repo, path)
    return source === path ? path : `${source} (as ${path})`
  })
  const advice =
    `With a browser or another machine get ${wanted.join(', ')} from ${endpoint}/${id.repo}/tree/${id.revision}, ` +
    'keep them in one directory under these names, and pass it as --model DIR'
  if (options.offline) {
    throw new ShoalError(
      'model_download',
      `hf:${id.repo} is not in ${directory}, and this run is offline. ${advice}`,
    )
  }
  // the required ones come last: once they are there, nothing is asked for again
  for (const path of [...optional, ...needed]) {
    if (await exists(join(directory, path))) continue
    await downloadFile(hubAddress(id, path, endpoint), {
      name: path,
      path: join(directory, path),
      sha256: pinOf(id.repo, path),
      isOptional: optional.includes(path),
      advice,
      onProgress: options.onProgress,
      signal: options.signal,
    })
  }
  return directory
}

/** Where a model of the hub is kept. */
export function hubDirectory(cacheDir: string, { repo, revision }: ModelId): string {
  return join(cacheDir, `${repo}@${revision}`.replaceAll('/', '--'))
}

/** @param endpoint - in place of `HF_ENDPOINT` or https://huggingface.co */
export function hubAddress({ repo, revision }: ModelId, path: string, endpoint?: string): string {
  return `${findEndpoint(endpoint)}/${repo}/resolve/${encodeURIComponent(revision)}/${sourcePath(repo, path)}`
}

function findEndpoint(endpoint: string | undefined): string {
  return (endpoint ?? (process.env.HF_ENDPOINT || DEFAULT_ENDPOINT)).replace(/\/+$/, '')
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null
}
